//! What can happen to a job.

use avtomatika_protocol::{Failure, JobId, JobStatus, LeaseId, TaskId, WorkerId};
use serde_json::Value;

use super::Signal;
use crate::blueprint::{Action, HandlerError};

/// Something that happens to a job.
#[derive(Clone, Debug)]
pub enum Event {
    /// It was accepted.
    Submitted,
    /// The handler of its state has decided, or could not.
    Returned(Result<Action, HandlerError>),
    /// A worker reported a result.
    Reported(Report),
    /// An attempt was given up without a result.
    Lost(Loss),
    /// Its timer has come up: the end of a back-off, of a sleep or of its patience.
    TimerDue,
    /// A sub-job has ended.
    ChildEnded(ChildEnd),
    /// A person has decided.
    Decided(Choice),
    /// Something has happened elsewhere.
    Signalled(Signal),
    /// A person wants a quarantined job to go on.
    Released,
    /// A person gives a quarantined job up.
    Discarded,
    /// Somebody wants it to stop.
    CancelRequested,
}

/// A worker's result. Whether the lease is the current one has been checked by the caller and is
/// checked again by the commit.
#[derive(Clone, Debug)]
pub struct Report {
    /// The task.
    pub task: TaskId,
    /// The lease it was done under.
    pub lease: Option<LeaseId>,
    /// Who did it.
    pub worker: WorkerId,
    /// `success`, `failure`, `cancelled` or a status of the blueprint's own.
    pub status: String,
    /// What it yielded.
    pub data: Option<Value>,
    /// What went wrong, for `failure`.
    pub failure: Failure,
}

/// An attempt that was given up.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The task.
    pub task: TaskId,
    /// The lease that was given up.
    pub lease: Option<LeaseId>,
    /// The worker that had it.
    pub worker: Option<WorkerId>,
    /// Why.
    pub why: Lost,
}

/// The end of a sub-job.
#[derive(Clone, Debug)]
pub struct ChildEnd {
    /// The sub-job.
    pub job: JobId,
    /// How it ended.
    pub status: JobStatus,
    /// What it came to.
    pub result: Option<Value>,
    /// What went wrong.
    pub failure: Option<Failure>,
    /// Whether anything from outside had a part in it, for the loop guard.
    pub outside: bool,
}

/// A person's decision.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What.
    pub decision: String,
    /// Who.
    pub by: String,
    /// What they said.
    pub comment: Option<String>,
    /// The digest of the token they decide with; `None` for one who needs none. It must be that
    /// of the question the job asks when the decision is taken, not just when it was looked up.
    pub token_digest: Option<String>,
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
    /// It took too long, waiting and all attempts together.
    ResultTimeout,
}

/// Where fresh ids come from.
pub trait Draw: Sync {
    /// An id for a task.
    fn task_id(&self) -> TaskId;
    /// An id for a sub-job.
    fn job_id(&self) -> JobId;
    /// A secret nobody can guess.
    fn token(&self) -> String;
}

/// What comes in from outside with an event.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// The time, milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// Fresh ids, should any be needed.
    pub draw: &'a dyn Draw,
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
    /// The job does not wait for that sub-job.
    StaleChild,
    /// The job does not wait for a person.
    NoApproval,
    /// The decision is none of those the job asks for.
    UnknownDecision,
    /// The token belongs to another question.
    WrongToken,
    /// So many events are kept that nobody waits for that there is no room for another.
    MailboxFull,
    /// The job is not quarantined.
    NotQuarantined,
}

impl Ignored {
    /// The reason as workers read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JobEnded => "job_already_terminated",
            Self::StaleTask => "stale_task",
            Self::NotDue => "not_due",
            Self::StaleChild => "stale_child",
            Self::NoApproval => "no_approval",
            Self::UnknownDecision => "unknown_decision",
            Self::WrongToken => "wrong_token",
            Self::MailboxFull => "mailbox_full",
            Self::NotQuarantined => "not_quarantined",
        }
    }
}
