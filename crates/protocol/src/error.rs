//! Codes and bodies of refusals and failures. Codes never change and are never translated.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Codes a worker's failure may carry that the engine itself understands.
/// Any other code is a business error: the blueprint's `failure` transition decides.
pub mod code {
    /// Worth another try; also what a failure without a code means.
    pub const TRANSIENT: &str = "TRANSIENT_ERROR";
    /// Will never succeed: the job is quarantined.
    pub const PERMANENT: &str = "PERMANENT_ERROR";
    /// The parameters are wrong: the job fails.
    pub const INVALID_INPUT: &str = "INVALID_INPUT_ERROR";
}

/// What went wrong, as workers report it and jobs keep it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable code; see [`code`] for those the engine acts on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What happened, in English.
    #[serde(default, deserialize_with = "text_or_null")]
    pub message: String,
    /// What to do about it, in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Everything else: `details`, `example`, the Russian texts under `ru`.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A worker that has no message may say `null`; its code must not be lost over it.
fn text_or_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Failure {
    /// A failure with a code and a message.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: Some(code.into()),
            message: message.into(),
            ..Self::default()
        }
    }

    /// The same, saying what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, with one more key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.more.insert(key.to_owned(), value.into());
        self
    }
}

/// The JSON body of every 4xx and 5xx answer.
///
/// `error` is the seed era's key and holds the message; `code` and `hint` came later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The message, in English.
    pub error: String,
    /// A stable code.
    pub code: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Everything else: `details`, `example`, the Russian texts under `ru`.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl From<Failure> for ErrorBody {
    fn from(failure: Failure) -> Self {
        Self {
            error: failure.message,
            code: failure.code.unwrap_or_else(|| "UNKNOWN".to_owned()),
            hint: failure.hint,
            more: failure.more,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_without_a_message_is_still_a_code() {
        for text in [
            r#"{"code":"PERMANENT_ERROR","message":null}"#,
            r#"{"code":"PERMANENT_ERROR"}"#,
        ] {
            let failure: Failure = serde_json::from_str(text).unwrap();
            assert_eq!(failure.code.as_deref(), Some(code::PERMANENT));
            assert_eq!(failure.message, "");
        }
    }
}
