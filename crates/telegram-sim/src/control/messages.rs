//! What the simulated users do.

use serde::{Deserialize, Serialize};

/// A simulated user. The same id is the id of the private chat with the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Numeric id, positive.
    pub id: i64,
    /// Display name; never empty.
    pub first_name: String,
    /// User name without `@`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// IETF language tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language_code: Option<String>,
}

impl Default for Person {
    fn default() -> Self {
        Self {
            id: 1_000,
            first_name: "User".to_owned(),
            username: None,
            language_code: None,
        }
    }
}

/// A text message from a user. Entities (commands, links, mentions) are found by the server.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// Who writes.
    #[serde(default)]
    pub from: Person,
    /// Where: by default the private chat with the writer; a negative id is a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<i64>,
    /// Plain text, not empty.
    pub text: String,
    /// The message this one answers, if it is still known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to_message_id: Option<i64>,
}

impl NewMessage {
    /// A private message from the default user.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// The same message from the private chat of another user.
    #[must_use]
    pub fn by(self, id: i64, first_name: impl Into<String>) -> Self {
        let from = Person {
            id,
            first_name: first_name.into(),
            ..Person::default()
        };
        Self { from, ..self }
    }
}

/// A press on a button of an inline keyboard.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCallback {
    /// Who presses.
    #[serde(default)]
    pub from: Person,
    /// The message with the button; by default the latest one with a keyboard in that chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<i64>,
    /// Chat of that message; by default the private chat with the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<i64>,
    /// The button's `callback_data`.
    pub data: String,
}

/// An update that was put into the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injected {
    /// Id of the update: its key in the ledger.
    pub update_id: i64,
    /// `false` when the bot does not take this kind of update (`allowed_updates`).
    pub queued: bool,
    /// Chat it belongs to, when it has one.
    pub chat_id: Option<i64>,
    /// Id of the message in it, when it has one.
    pub message_id: Option<i64>,
    /// Latest call recorded before it: an answer has a greater sequence number.
    pub after_seq: u64,
}

/// Query of `POST /_sim/bots/{bot}/files`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FileQuery {
    /// Name of the file.
    #[serde(default)]
    pub file_name: String,
}

/// A file that a raw update may name and the bot may download.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredFile {
    /// Handle for `getFile`.
    pub file_id: String,
    /// Handle that is the same for all bots.
    pub file_unique_id: String,
    /// Size of the content.
    pub file_size_bytes: usize,
}
