//! How a command can end other than well, and the exit code of each end.

use std::time::Duration;

use avtomatika_protocol::{ErrorBody, Failure, JobId};

use crate::text::Problem;

/// Exit codes, a promise to scripts.
pub mod exit {
    /// Done.
    pub const OK: u8 = 0;
    /// A fault of this program.
    pub const INTERNAL: u8 = 1;
    /// The command line or a local file can't be used.
    pub const USAGE: u8 = 2;
    /// The server refused: validation, quota, token.
    pub const REFUSED: u8 = 3;
    /// The job ran and failed.
    pub const FAILED: u8 = 4;
    /// The job had not ended in time.
    pub const TIMEOUT: u8 = 5;
    /// The server can't be reached.
    pub const CANNOT_CONNECT: u8 = 6;
    /// Ctrl-C while waiting, as shells count it: 128 + SIGINT.
    pub const INTERRUPTED: u8 = 130;
}

/// A command that did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something on this side stands in the way.
    #[error("refused here: {}", .0.code())]
    Problem(Problem),
    /// The server answered with a refusal.
    #[error("the server refused with {status}: {}", .body.code)]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the server said.
        body: Box<ErrorBody>,
    },
    /// The job ended, not as wanted.
    #[error("job {job} ended as {ended:?}")]
    Failed {
        /// The job.
        job: JobId,
        /// How it ended.
        ended: Ended,
        /// What the job says about it.
        failure: Box<Failure>,
    },
    /// The server knows no such bot.
    #[error("no such bot")]
    BotNotFound {
        /// The bot asked for.
        bot: String,
        /// The job that looked for it.
        job: JobId,
    },
    /// The time to wait is over.
    #[error("not finished within {0:?}", after)]
    Timeout {
        /// The job, which goes on.
        job: Option<JobId>,
        /// How long was waited.
        after: Duration,
    },
    /// The server can't be reached.
    #[error("cannot connect to {url}: {why}")]
    CannotConnect {
        /// The address, without credentials.
        url: String,
        /// What the network said.
        why: String,
    },
    /// The server has not shown whose it is.
    #[error("{url} is not trusted: {why}")]
    NotTrusted {
        /// The address, without credentials.
        url: String,
        /// What is wrong with its certificate.
        why: String,
    },
    /// Whoever answers speaks no TLS.
    #[error("{url} speaks no TLS")]
    NoTls {
        /// The address, without credentials.
        url: String,
    },
    /// Whoever answers isn't understood.
    #[error("strange answer from {url}: {what}")]
    StrangeAnswer {
        /// The address, without credentials.
        url: String,
        /// What is strange about it.
        what: String,
    },
    /// Ctrl-C while a job was under way.
    #[error("interrupted")]
    Interrupted {
        /// The job, if one was accepted.
        job: Option<JobId>,
    },
    /// Whoever read our output has left (`… | head`). Not a failure.
    #[error("nobody reads the output")]
    BrokenPipe,
    /// What is wrong has been shown already; only the exit code is left.
    #[error("shown already")]
    Shown {
        /// The exit code.
        exit_code: u8,
    },
    /// The output can't be written.
    #[error("writing the output")]
    Output(#[source] std::io::Error),
}

/// How a job ended that did not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It failed.
    Failed,
    /// It was set aside.
    Quarantined,
    /// It was cancelled.
    Cancelled,
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Error {
    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Problem(Problem::ModeNotAvailable(_)) => exit::REFUSED,
            Self::Problem(_) => exit::USAGE,
            // 503 is how the server says "too much" or "not now"; other 5xx are its faults.
            Self::Refused {
                status: 400..=499 | 503,
                ..
            } => exit::REFUSED,
            Self::Refused { .. } | Self::StrangeAnswer { .. } | Self::BotNotFound { .. } => {
                exit::FAILED
            }
            Self::Failed { failure, .. } => match failure.code.as_deref() {
                Some(code) if is_refusal(code) => exit::REFUSED,
                _ => exit::FAILED,
            },
            Self::Timeout { .. } => exit::TIMEOUT,
            Self::CannotConnect { .. } | Self::NotTrusted { .. } | Self::NoTls { .. } => {
                exit::CANNOT_CONNECT
            }
            Self::Interrupted { .. } => exit::INTERRUPTED,
            Self::BrokenPipe => exit::OK,
            Self::Shown { exit_code } => *exit_code,
            Self::Output(_) => exit::INTERNAL,
        }
    }
}

/// Whether a job's failure code means that nothing was tried: the request itself was refused.
fn is_refusal(code: &str) -> bool {
    const PREFIXES: [&str; 4] = ["INVALID_", "CONFLICTING_", "INCOMPLETE_", "EMPTY_"];
    const CODES: [&str; 8] = [
        "QUOTA_EXCEEDED",
        "VALIDATION_ERROR",
        "MODE_NOT_AVAILABLE",
        "MISSING_REQUIRED_FIELD",
        "MISSING_CODE",
        "MISSING_SOURCE",
        "MISSING_DOCKER_IMAGE",
        "FORBIDDEN",
    ];
    CODES.contains(&code) || PREFIXES.iter().any(|prefix| code.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_from_failures_by_code() {
        for code in [
            "QUOTA_EXCEEDED",
            "INVALID_BOT_ID",
            "CONFLICTING_FIELDS",
            "MISSING_CODE",
        ] {
            assert!(is_refusal(code), "{code}");
        }
        for code in [
            "MISSING_PACKAGE",
            "START_FAILED",
            "TOKEN_REJECTED",
            "BOT_NOT_FOUND",
        ] {
            assert!(!is_refusal(code), "{code}");
        }
    }

    #[test]
    fn a_busy_server_refuses_and_a_broken_one_fails() {
        let refused = |status| Error::Refused {
            status,
            body: Box::new(ErrorBody {
                error: String::new(),
                code: "X".to_owned(),
                hint: None,
                more: serde_json::Map::new(),
            }),
        };
        assert_eq!(refused(400).exit_code(), exit::REFUSED);
        assert_eq!(refused(429).exit_code(), exit::REFUSED);
        assert_eq!(refused(503).exit_code(), exit::REFUSED);
        assert_eq!(refused(500).exit_code(), exit::FAILED);
    }
}
