//! Why the engine did not do what it was asked. HTTP-agnostic: the server maps these.

use avtomatika_protocol::Failure;

use crate::machine::Ignored;
use crate::storage::StoreError;

/// Why the engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No such job, or not this client's: the answer doesn't tell which.
    #[error("Job not found")]
    JobNotFound,
    /// No such blueprint.
    #[error("no blueprint named '{0}'")]
    UnknownBlueprint(String),
    /// The worker never registered, or its registration was lost.
    #[error("Worker not found")]
    UnknownWorker,
    /// The input was refused at the door.
    #[error("{}", .0.message)]
    Refused(Box<Failure>),
    /// The client has too many jobs that have not ended.
    #[error("the client has {live} jobs that have not ended, the limit is {limit}")]
    TooManyJobs {
        /// How many it has.
        live: u64,
        /// How many it may have.
        limit: u64,
    },
    /// The engine has too many jobs that have not ended.
    #[error("the server has {live} jobs that have not ended, the limit is {limit}")]
    Overloaded {
        /// How many it has.
        live: u64,
        /// How many it may have.
        limit: u64,
    },
    /// The client has spent what it may in this period.
    #[error("the quota of {limit} jobs is used up")]
    QuotaExhausted {
        /// How many it may have.
        limit: u64,
    },
    /// The token does not belong to a question the job asks.
    #[error("the token is not valid for this job")]
    WrongToken,
    /// The job has not ended.
    #[error("the job has not ended")]
    NotEnded,
    /// The blueprint has no such state to begin in.
    #[error("the blueprint has no working state '{0}'")]
    UnknownState(String),
    /// The event changes nothing.
    #[error("nothing changed: {}", .0.as_str())]
    Ignored(Ignored),
    /// The engine is shutting down.
    #[error("the server is shutting down")]
    Draining,
    /// The job kept changing under every attempt.
    #[error("the job kept changing, try again")]
    Contended,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
