//! The unit of change.

use std::sync::Arc;

use avtomatika_protocol::{LeaseId, TaskId};
use serde_json::Value;

use super::{QueueEntry, Task};
use crate::blueprint::DocumentKey;
use crate::history::HistoryEvent;
use crate::machine::Job;

/// Everything one event changes: written together or not at all.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The job after the event. Its `version` is one more than `from_version`.
    pub job: Arc<Job>,
    /// The version the event was applied to; 0 for a new job.
    pub from_version: u64,
    /// What becomes of the job's tasks.
    pub tasks: Vec<TaskChange>,
    /// Documents written.
    pub documents: Vec<DocumentChange>,
    /// Other jobs the event changed, or made: sub-jobs and those they run for.
    pub also: Vec<JobWrite>,
    /// When the job, which had ended, had done so, milliseconds since the Unix epoch: it lives
    /// again.
    pub revived_from_ms: Option<u64>,
    /// A count that may not go beyond its limit.
    pub spend: Option<Spend>,
    /// What is told of it in the jobs' history, for the outbox.
    pub history: Vec<HistoryEvent>,
}

/// A job written with another one.
#[derive(Clone, Debug)]
pub struct JobWrite {
    /// The job after the event.
    pub job: Arc<Job>,
    /// The version the event was applied to; 0 for a new job.
    pub from_version: u64,
}

/// Adds one to a durable counter, unless that would take it beyond its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spend {
    /// Which counter.
    pub counter: String,
    /// The most it may come to.
    pub limit: u64,
}

impl Batch {
    /// All jobs it writes, with the versions they were changed from.
    pub fn jobs(&self) -> impl Iterator<Item = (&Arc<Job>, u64)> {
        let also = self
            .also
            .iter()
            .map(|write| (&write.job, write.from_version));
        std::iter::once((&self.job, self.from_version)).chain(also)
    }

    /// A batch that writes one job and nothing else.
    pub fn of(job: Arc<Job>, from_version: u64) -> Self {
        Self {
            job,
            from_version,
            tasks: Vec::new(),
            documents: Vec::new(),
            also: Vec::new(),
            revived_from_ms: None,
            spend: None,
            history: Vec::new(),
        }
    }
}

/// What becomes of a task.
#[derive(Clone, Debug)]
pub enum TaskChange {
    /// A new task in the queue.
    Add(Box<Task>, QueueEntry),
    /// The task goes back to the queue and is ready at this time, milliseconds since the Unix
    /// epoch. Its lease ends.
    Retry {
        /// The task.
        task: TaskId,
        /// The lease that failed; `None` if there was none or it doesn't matter.
        lease: Option<LeaseId>,
        /// When it may be handed out.
        ready_at_ms: u64,
    },
    /// The task is over.
    Finish {
        /// The task.
        task: TaskId,
        /// The lease it must still be under; `None` if it doesn't matter.
        lease: Option<LeaseId>,
    },
}

/// A document's new value.
#[derive(Clone, Debug)]
pub struct DocumentChange {
    /// Which document.
    pub key: DocumentKey,
    /// The version it was read at; 0 if it did not exist.
    pub from_version: u64,
    /// The new value; `None` deletes it.
    pub value: Option<Value>,
}
