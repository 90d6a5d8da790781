//! What can go wrong with a worker as a whole.

use crate::http::TlsError;

/// Why a worker could not be built or could not go to work.
///
/// What goes wrong later, between a worker and its server, is not here: a running worker logs
/// it, waits and tries again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A server's URL can't be used.
    #[error("use {url:?} as the server's URL: {reason}")]
    InvalidServer {
        /// The URL as it was given.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The worker's name can't be used.
    #[error(
        "use {name:?} as the worker's name: it must have 1 to 128 bytes and no control characters"
    )]
    InvalidWorkerId {
        /// The name as it was given.
        name: String,
    },
    /// The token holds characters that can't travel in a header. The token is not repeated here.
    #[error("use the token: it holds characters that can't be sent in a header")]
    InvalidToken,
    /// Certificates or keys can't be used.
    #[error("set up TLS: {0}")]
    Tls(#[from] TlsError),
    /// A worker without handlers has nothing to do.
    #[error("build a worker without tasks: give it at least one handler")]
    NoTasks,
    /// Two handlers for one task type.
    #[error("give the task type {task_type:?} a second handler")]
    DuplicateTask {
        /// The task type.
        task_type: String,
    },
    /// A limit of zero, or one for a task type without a handler.
    #[error("limit {what}: {reason}")]
    InvalidLimit {
        /// What is limited.
        what: String,
        /// What is wrong with the limit.
        reason: &'static str,
    },
    /// The server refused the first registration: the token or the settings are wrong, and
    /// waiting won't help.
    #[error("register at {server}: it answered {status}: {message}")]
    RegistrationRefused {
        /// The server's URL.
        server: String,
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
}
