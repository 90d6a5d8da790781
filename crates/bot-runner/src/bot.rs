//! Whose bot it is.

use serde::{Deserialize, Serialize};

/// A bot of a user. Both parts are the client's own text: they go into labels and answers, never
/// into names, paths or commands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BotId {
    /// The owner, as the orchestrator derived it from the client's token.
    pub user_id: String,
    /// The owner's name for the bot.
    pub bot_id: String,
}

impl BotId {
    /// The bot of this user with this name.
    pub fn new(user_id: impl Into<String>, bot_id: impl Into<String>) -> Self {
        Self {
            user_id: user_id.into(),
            bot_id: bot_id.into(),
        }
    }
}
