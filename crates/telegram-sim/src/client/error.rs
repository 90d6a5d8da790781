//! How a control request fails.

use reqwest::StatusCode;
use serde_json::Value;

/// Longest message of a server shown in an error.
const MESSAGE_CHARS_MAX: usize = 300;

/// A control request that failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server could not be reached, or did not answer as it should.
    #[error("reach the telegram-sim at {base}")]
    Unreachable {
        /// Base URL that was tried.
        base: String,
        /// What happened.
        #[source]
        source: reqwest::Error,
    },
    /// The server refused; `code` is stable.
    #[error("{message} ({code})")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Stable code, such as `UNKNOWN_BOT`.
        code: String,
        /// Text for people.
        message: String,
    },
}

/// Turns "no such bot" into nothing.
pub(super) fn optional<T>(result: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(ClientError::Refused {
            status: 404, code, ..
        }) if code == "UNKNOWN_BOT" => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a refusal; a body that is none is shown as it came, cut.
pub(super) fn refusal(status: StatusCode, text: &str) -> ClientError {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let field = |name: &str| body["error"][name].as_str().map(ToOwned::to_owned);
    let message =
        field("message").unwrap_or_else(|| text.chars().take(MESSAGE_CHARS_MAX).collect());
    let code = field("code").unwrap_or_else(|| format!("HTTP_{}", status.as_u16()));
    ClientError::Refused {
        status: status.as_u16(),
        code,
        message,
    }
}
