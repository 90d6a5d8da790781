//! What can happen to a job.

use avtomatika_protocol::{Failure, LeaseId, TaskId, WorkerId};
use serde_json::Value;

use crate::blueprint::{Action, HandlerError};

/// Something that happens to a job.
#[derive(Clone, Debug)]
pub enum Event {
    /// It was accepted.
    Submitted,
    /// The handler of its state has decided, or could not.
    Returned(Result<Action, HandlerError>),
    /// A worker reported a result. Whether the lease is the current one has been checked by the
    /// caller and is checked again by the commit.
    Reported {
        /// The task.
        task: TaskId,
        /// The lease it was done under.
        lease: Option<LeaseId>,
        /// Who did it.
        worker: WorkerId,
        /// `success`, `failure`, `cancelled` or a status of the blueprint's own.
        status: String,
        /// What it yielded.
        data: Option<Value>,
        /// What went wrong, for `failure`.
        failure: Failure,
    },
    /// The task was given up without a result.
    Lost {
        /// The task.
        task: TaskId,
        /// The lease that was given up.
        lease: Option<LeaseId>,
        /// The worker that had it.
        worker: Option<WorkerId>,
        /// Why.
        why: Lost,
    },
    /// The back-off of a failed handler is over.
    RetryDue,
    /// Somebody wants it to stop.
    CancelRequested,
}

/// Why a task was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Its worker showed no sign of life.
    LeaseExpired,
    /// The attempt ran too long.
    ExecutionTimeout,
    /// No worker took it in time.
    DispatchTimeout,
}

/// What comes in from outside with an event.
#[derive(Clone, Copy, Debug)]
pub struct Env {
    /// The time, milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// The id for a task, should one be dispatched.
    pub task_id: TaskId,
    /// A random number between 0 and 1, for back-offs.
    pub jitter: f64,
    /// Handler runs and state changes a job may have without help from outside.
    pub transitions_max: u32,
}

/// Why an event changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// The job has ended.
    JobEnded,
    /// The job does not wait for that task.
    StaleTask,
    /// There is nothing to do for it now.
    NotDue,
}

impl Ignored {
    /// The reason as workers read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JobEnded => "job_already_terminated",
            Self::StaleTask => "stale_task",
            Self::NotDue => "not_due",
        }
    }
}
