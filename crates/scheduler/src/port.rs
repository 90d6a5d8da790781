//! What the scheduler needs of an engine. Narrow, so that tests can stand in for one.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use avtomatika_engine::service::EngineError;
use avtomatika_engine::storage::StoreError;
use avtomatika_protocol::{ClientId, JobId, JobStatus};
use serde_json::Value;

/// A boxed future, so that the port can be used as `dyn Port`.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, PortError>> + Send + 'a>>;

/// Why the engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Somebody else wrote the record first. Read it again and decide again.
    #[error("the schedule's record changed in the meantime")]
    Conflict,
    /// The run can't be posted, now or later.
    #[error("{0}")]
    Refused(String),
    /// Said by the engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl PortError {
    /// Whether the same run would be refused again.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::Engine(error) => matches!(
                error,
                EngineError::Refused(_)
                    | EngineError::UnknownBlueprint(_)
                    | EngineError::QuotaExhausted { .. }
            ),
            Self::Conflict => false,
        }
    }
}

impl From<StoreError> for PortError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

/// A job to be posted.
#[derive(Clone, Debug, PartialEq)]
pub struct Posting {
    /// What it walks through.
    pub blueprint: String,
    /// Whose it is.
    pub client: ClientId,
    /// The schedule it is posted for.
    pub schedule: String,
    /// What it is posted with.
    pub input: Value,
    /// What it is labelled with.
    pub labels: BTreeMap<String, String>,
    /// The same key makes the same job.
    pub key: String,
}

/// A posted job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The job.
    pub job: JobId,
    /// Whether an earlier posting under the same key made it.
    pub repeated: bool,
}

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Grows with each write.
    pub version: u64,
    /// The record.
    pub value: Value,
}

/// What the scheduler needs of an engine.
pub trait Port: Send + Sync + 'static {
    /// Posts a job, durably. Posting again under the same key answers the same job, so that a
    /// crash after the post and before it is written down makes no second one.
    fn post(&self, posting: Posting) -> Answer<'_, Posted>;

    /// Reads a schedule's record.
    fn read(&self, schedule: &str) -> Answer<'_, Option<Stored>>;

    /// Writes a schedule's record, durably, if it still has the version it was read with (0: it
    /// was not there); [`PortError::Conflict`] if it has not. The version grows by one.
    fn write(&self, schedule: &str, from_version: u64, value: Value) -> Answer<'_, ()>;

    /// Reads a job's status; `None` for a job that is no longer there.
    fn status(&self, client: &ClientId, job: JobId) -> Answer<'_, Option<JobStatus>>;

    /// Cancels a job. One that has ended or is gone is left alone.
    fn cancel(&self, client: &ClientId, job: JobId) -> Answer<'_, ()>;
}
