//! What a bot has written.

use serde::{Deserialize, Serialize};

/// A piece of a bot's log.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Log {
    /// The bot.
    #[serde(default)]
    pub bot_id: String,
    /// Its state.
    #[serde(default)]
    pub state: Option<String>,
    /// The container's own word.
    #[serde(default)]
    pub container_status: Option<String>,
    /// The container's name.
    #[serde(default)]
    pub container_name: Option<String>,
    /// Where the next piece begins.
    #[serde(default)]
    pub cursor: Option<String>,
    /// The lines.
    #[serde(default)]
    pub lines: Vec<LogLine>,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written, RFC 3339.
    #[serde(default)]
    pub at: Option<String>,
    /// `stdout`, `stderr`, or another word for what the runner itself has to say.
    #[serde(default)]
    pub stream: String,
    /// The text.
    #[serde(default)]
    pub text: String,
}

impl Log {
    /// The state for people, from whatever word there is.
    pub fn state_word(&self) -> &str {
        self.state
            .as_deref()
            .or(self.container_status.as_deref())
            .unwrap_or_default()
    }

    /// Whether the bot writes no more until somebody starts it.
    pub fn has_ended(&self) -> bool {
        matches!(
            self.state_word(),
            "stopped" | "failed" | "lost" | "exited" | "dead"
        )
    }
}
