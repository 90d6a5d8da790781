//! The engine client: connecting, and telling passing faults from lasting ones.

use std::time::Duration;

use avtomatika_protocol::Failure;
use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, Docker};

use crate::failure;

/// How long the engine has for one answer (committing a large image takes longest).
const ANSWER_TIMEOUT_S: u64 = 600;
/// How long it has to answer at all when the runner starts.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects to an engine and makes sure it answers.
pub(crate) async fn connect(host: &str) -> Result<Docker, Error> {
    let docker = if host.starts_with("tcp://") || host.starts_with("http://") {
        Docker::connect_with_http(host, ANSWER_TIMEOUT_S, API_DEFAULT_VERSION)?
    } else {
        Docker::connect_with_unix(host, ANSWER_TIMEOUT_S, API_DEFAULT_VERSION)?
    };
    match tokio::time::timeout(PING_TIMEOUT, docker.ping()).await {
        Ok(answer) => answer.map(|_| docker),
        Err(_) => Err(Error::RequestTimeoutError),
    }
}

/// The engine says there is no such thing.
pub(crate) fn is_missing(error: &Error) -> bool {
    status(error) == Some(404)
}

/// The engine says it is so already, or that something is in use.
pub(crate) fn is_conflict(error: &Error) -> bool {
    status(error) == Some(409)
}

/// The engine refused a subnet because another network has it.
pub(crate) fn is_overlap(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { message, .. }
        if message.contains("overlap") || message.contains("already in use"))
}

fn status(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// Turns an engine's error into a failure: without an answer it is worth another try.
pub(crate) fn failed(what: &str, error: &Error) -> Failure {
    match error {
        Error::DockerResponseServerError { message, .. } => failure::container(what, message),
        Error::DockerStreamError { error } => failure::container(what, error),
        Error::HyperLegacyError { .. }
        | Error::HyperResponseError { .. }
        | Error::IOError { .. }
        | Error::RequestTimeoutError
        | Error::SocketNotFoundError(_) => failure::engine_gone(what, error),
        _ => failure::container(what, error),
    }
}

/// Treats "no such thing" as done, for removals.
pub(crate) fn gone_is_fine(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(error) if is_missing(&error) => Ok(()),
        other => other,
    }
}
