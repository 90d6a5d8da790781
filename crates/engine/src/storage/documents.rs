//! Documents: durable data shared by jobs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Grows by one with each write.
    pub version: u64,
    /// Its value.
    pub value: Value,
}
