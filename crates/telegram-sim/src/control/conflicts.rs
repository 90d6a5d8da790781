//! The 409 answers a bot got.

use serde::{Deserialize, Serialize};

/// One 409. A healthy deployment has none: two instances polled at once, or one polled while a
/// webhook was set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Conflict {
    /// When it was decided, Unix milliseconds.
    pub at_ms: u64,
    /// The text the bot got.
    pub description: String,
    /// How long the answer was held back, as the public server does after a first one.
    pub delayed_ms: u64,
}
