//! Tasks, their place in the queue and their leases.

use std::collections::BTreeMap;
use std::sync::Arc;

use avtomatika_protocol::{ClientId, JobId, LeaseId, TaskId, WorkerId};
use serde::{Deserialize, Serialize};

use crate::blueprint::Wants;

/// A task: what a worker is asked to do. Never changes once queued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The task.
    pub id: TaskId,
    /// Its job.
    pub job_id: JobId,
    /// What is to be done.
    pub task_type: String,
    /// The parameters, as JSON text: the engine doesn't read them, so they are kept as they will
    /// be sent. Secrets in them are sealed.
    pub params: String,
    /// Whether `params` holds sealed values that must be opened for the worker.
    pub sealed: bool,
    /// Whose the sealed values are, if not the job's client's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_for: Option<ClientId>,
    /// The W3C trace context of its job (`traceparent`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_parent: Option<Arc<str>>,
}

/// Where a task is between being queued and being finished.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// The task.
    pub task_id: TaskId,
    /// Its job.
    pub job_id: JobId,
    /// Its type.
    pub task_type: Arc<str>,
    /// Higher goes first.
    pub priority: i32,
    /// The only worker that may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerId>,
    /// What it wants of its worker beyond the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wants: Option<Arc<Wants>>,
    /// When it was queued first, milliseconds since the Unix epoch.
    pub queued_at_ms: u64,
    /// When it may be handed out, milliseconds since the Unix epoch.
    pub ready_at_ms: u64,
    /// How often it has been handed out.
    pub attempt: u32,
    /// How long it may wait for a worker, milliseconds, counted from `ready_at_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispatch_timeout_ms: Option<u64>,
    /// How long one attempt may run, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_timeout_ms: Option<u64>,
    /// How long it may take in all, milliseconds, counted from `queued_at_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_timeout_ms: Option<u64>,
    /// Who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
}

impl QueueEntry {
    /// When the wait for a worker ends in failure, if it does.
    pub fn dispatch_deadline_ms(&self) -> Option<u64> {
        self.dispatch_timeout_ms
            .map(|limit_ms| self.ready_at_ms.saturating_add(limit_ms))
    }

    /// When the patience with it ends, if it does.
    pub fn result_deadline_ms(&self) -> Option<u64> {
        self.result_timeout_ms
            .map(|limit_ms| self.queued_at_ms.saturating_add(limit_ms))
    }
}

/// A task in a worker's hands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The fencing token.
    pub id: LeaseId,
    /// Who has it.
    pub worker: WorkerId,
    /// Since when, milliseconds since the Unix epoch.
    pub since_ms: u64,
    /// When the attempt has run too long, whatever the worker's signs of life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_deadline_ms: Option<u64>,
}

/// A worker's wish for a task.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Who asks.
    pub worker: WorkerId,
    /// The types it takes now.
    pub types: Arc<[Arc<str>]>,
    /// The lease id to use, drawn by the caller.
    pub lease: LeaseId,
    /// The time, milliseconds since the Unix epoch.
    pub now_ms: u64,
}

/// What a worker's wish for a task came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Claimed {
    /// It has this task, under this lease.
    Task(Box<QueueEntry>, Lease),
    /// There is no ready task it takes.
    Nothing,
    /// It has as many tasks as it said it takes; whether there are others was not looked at.
    Full,
}

impl Claimed {
    /// The task, if it got one.
    pub fn task(self) -> Option<(QueueEntry, Lease)> {
        match self {
            Self::Task(entry, lease) => Some((*entry, lease)),
            Self::Nothing | Self::Full => None,
        }
    }
}

/// Something whose time has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Due {
    /// A task of this type became ready; wake somebody who waits for it.
    Ready {
        /// Its type.
        task_type: Arc<str>,
        /// What it wants of its worker beyond the type.
        wants: Option<Arc<Wants>>,
        /// The only worker that may have it.
        worker: Option<WorkerId>,
    },
    /// The worker that has the task showed no sign of life for too long.
    LeaseExpired {
        /// The task's job.
        job: JobId,
        /// The task.
        task: TaskId,
        /// The lease.
        lease: LeaseId,
    },
    /// The attempt ran too long.
    ExecutionTimeout {
        /// The task's job.
        job: JobId,
        /// The task.
        task: TaskId,
        /// The lease.
        lease: LeaseId,
    },
    /// No worker took the task in time.
    DispatchTimeout {
        /// The task's job.
        job: JobId,
        /// The task.
        task: TaskId,
    },
    /// The task took too long, waiting and all attempts together.
    ResultTimeout {
        /// The task's job.
        job: JobId,
        /// The task.
        task: TaskId,
    },
    /// A job's timer has come up.
    Job {
        /// The job.
        job: JobId,
    },
}

/// How many tasks of each type are where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// Ready or backing off.
    pub queued: BTreeMap<Arc<str>, u64>,
    /// With a worker.
    pub leased: BTreeMap<Arc<str>, u64>,
}
