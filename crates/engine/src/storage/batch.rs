//! The unit of change.

use avtomatika_protocol::{LeaseId, TaskId};
use serde_json::Value;

use super::{QueueEntry, Task};
use crate::blueprint::DocumentKey;
use crate::machine::Job;

/// Everything one event changes: written together or not at all.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The job after the event. Its `version` is one more than `from_version`.
    pub job: Job,
    /// The version the event was applied to; 0 for a new job.
    pub from_version: u64,
    /// What becomes of the job's tasks.
    pub tasks: Vec<TaskChange>,
    /// Documents written.
    pub documents: Vec<DocumentChange>,
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
