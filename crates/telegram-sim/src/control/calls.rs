//! What the bot did.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One recorded call. `getUpdates` is only counted, never recorded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallRecord {
    /// Position in the bot's history, from 1, without gaps.
    pub seq: u64,
    /// When it was answered, Unix milliseconds.
    pub at_ms: u64,
    /// Method as documented, whatever case it was called in.
    pub method: String,
    /// Arguments as text; JSON arguments as JSON text. Long ones are cut at 16 KiB.
    pub args: BTreeMap<String, String>,
    /// Files that came with it.
    #[serde(default)]
    pub files: Vec<CallFile>,
    /// Whether it succeeded.
    pub ok: bool,
    /// Error code, when it did not.
    pub error_code: Option<u16>,
    /// Error text, when it did not.
    pub description: Option<String>,
    /// What it returned.
    pub result: Option<Value>,
    /// Chat it spoke in, when it did.
    pub chat_id: Option<i64>,
}

impl CallRecord {
    /// One argument.
    #[must_use]
    pub fn arg(&self, name: &str) -> Option<&str> {
        self.args.get(name).map(String::as_str)
    }
}

/// A file within a call; the content stays on the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallFile {
    /// Name of the form field.
    pub field: String,
    /// Name the bot gave the file.
    pub file_name: String,
    /// Size of the content.
    pub size_bytes: usize,
}

/// Which calls are wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CallQuery {
    /// Only calls after this sequence number.
    #[serde(default)]
    pub after_seq: u64,
    /// Only calls of this method, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only calls in this chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<i64>,
    /// Only calls whose `text` or `caption` has this in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_contains: Option<String>,
    /// `wait` only: how long, milliseconds.
    #[serde(default)]
    pub timeout_ms: u64,
}

/// Answer of `GET .../calls`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallList {
    /// Calls that fit, oldest first; at most 1 000.
    pub calls: Vec<CallRecord>,
    /// Sequence number of the latest call of any kind.
    pub last_seq: u64,
}

/// Answer of `GET .../calls/wait`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallFound {
    /// The first call that fits, or nothing when the time was over.
    pub call: Option<CallRecord>,
}

/// Whose words are awaited.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AnswerQuery {
    /// Only after this sequence number.
    #[serde(default)]
    pub after_seq: u64,
    /// Only in this chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<i64>,
    /// How long to wait for the first answer, milliseconds.
    #[serde(default)]
    pub timeout_ms: u64,
    /// After an answer, how long to wait for one more, milliseconds.
    #[serde(default)]
    pub settle_ms: u64,
}

/// Something a bot did that a user sees: a message, an edit, a deletion or a notice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Sequence number of the call.
    pub seq: u64,
    /// Method as documented.
    pub method: String,
    /// Chat, when there is one.
    pub chat_id: Option<i64>,
    /// Text or caption, without markup.
    pub text: Option<String>,
    /// The whole message, for methods that make or change one.
    pub message: Option<Value>,
}
