//! The storage port: one narrow trait that speaks the engine's language.
//!
//! A store keeps jobs, their tasks, the queue of tasks, documents and worker registrations. All
//! change of a job goes through one call, [`Store::commit`], which is atomic and durable. The
//! queue is read by [`Store::claim`], which leases a task to a worker.

mod batch;
mod documents;
mod index;
mod lines;
mod presence;
mod profile;
mod queue;
mod timers;
mod workers;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use avtomatika_protocol::worker::RunningTask;
use avtomatika_protocol::{ClientId, JobId, LeaseId, TaskId, WorkerId};

pub use batch::{Batch, DocumentChange, JobWrite, Spend, TaskChange};
pub use documents::Document;
pub use index::Index;
pub use profile::Profile;
pub use queue::{Claim, Claimed, Due, Lease, QueueCounts, QueueEntry, Task};
pub use workers::{Reconciled, Standing, Touched, WorkerRecord, WorkerView};

use crate::blueprint::DocumentKey;
use crate::history::HistoryEvent;
use crate::machine::Job;

/// A boxed future, so that the port can be used as `dyn Store`.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Why a store did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed the job, a document or the task first. Nothing was written; load
    /// again and decide again.
    #[error("the {what} changed in the meantime")]
    Conflict {
        /// What changed.
        what: &'static str,
    },
    /// The idempotency key belongs to an earlier job. Nothing was written.
    #[error("the idempotency key belongs to job {0}")]
    Duplicate(JobId),
    /// A counter is at its limit. Nothing was written.
    #[error("the limit of {limit} is reached")]
    Exhausted {
        /// The limit.
        limit: u64,
    },
    /// The disk is full: the store only reads, until space has been made.
    #[error("the disk is full, the store is read-only")]
    Full,
    /// The store is closing.
    #[error("the store is closing")]
    Closed,
    /// The store could not read or write.
    #[error("failed to {action}: {reason}")]
    Broken {
        /// What was attempted.
        action: &'static str,
        /// What the storage engine said.
        reason: String,
    },
}

impl StoreError {
    /// A failed attempt to `action`.
    pub fn broken(action: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Broken {
            action,
            reason: reason.to_string(),
        }
    }
}

/// Where jobs live.
///
/// Every method may be called from any task at any time. Reads see every commit that has been
/// answered.
pub trait Store: Send + Sync + 'static {
    /// Writes a batch: all of it or nothing.
    ///
    /// Answers after the batch is durable: a crash after the answer loses nothing of it, a crash
    /// before leaves all of it or nothing. Fails with [`StoreError::Conflict`] if the job's or a
    /// document's version is not the one the batch was made from, or a task it finishes is no
    /// longer there (or under another lease). New and retried tasks are in the queue when the
    /// call returns.
    fn commit(&self, batch: Batch) -> Answer<'_, ()>;

    /// Reads a job.
    fn job(&self, id: JobId) -> Answer<'_, Option<Arc<Job>>>;

    /// Reads the job an idempotency key of this client belongs to.
    fn job_of_key(&self, client: &ClientId, key: &str) -> Answer<'_, Option<JobId>>;

    /// Lists the newest jobs of a client, newest first, skipping `offset`.
    fn jobs_of(&self, client: &ClientId, limit: usize, offset: usize) -> Answer<'_, Vec<Arc<Job>>>;

    /// Reads a task that is not finished.
    fn task(&self, id: TaskId) -> Answer<'_, Option<Arc<Task>>>;

    /// Reads the queue entry of a task that is not finished: whether it waits, for what, or who
    /// has it.
    fn queue_entry(&self, id: TaskId) -> Answer<'_, Option<QueueEntry>>;

    /// Reads a document.
    fn document(&self, key: &DocumentKey) -> Answer<'_, Option<Document>>;

    /// Writes documents that belong to no job, durably: all or none. Fails with
    /// [`StoreError::Conflict`] if one's version is not the one it was changed from.
    fn write_documents(&self, changes: Vec<DocumentChange>) -> Answer<'_, ()>;

    /// Reads a counter that [`Batch::spend`] adds to; 0 if nothing has been spent.
    fn counter(&self, name: &str) -> Answer<'_, u64>;

    /// Lists quarantined jobs, newest first, of one client or of all.
    fn quarantined(&self, client: Option<&ClientId>, limit: usize) -> Answer<'_, Vec<JobId>>;

    /// Reads the oldest entries of the outbox, at most `max`: what each commit told of its jobs,
    /// in the order of the commits, with its number.
    fn outbox(&self, max: usize) -> Answer<'_, Vec<(u64, Vec<HistoryEvent>)>>;

    /// Deletes the outbox up to and including this number. After a crash some of it may be there
    /// again.
    fn forget_outbox(&self, up_to: u64) -> Answer<'_, ()>;

    /// Leases the best ready task to a worker: highest priority, then longest waiting. A worker
    /// never gets more tasks than it said it takes, however many of its polls come at once.
    ///
    /// Not flushed before it answers: after a crash the task may be handed out again, under
    /// another lease id, so at most one of the two results is accepted.
    fn claim(&self, claim: Claim) -> Answer<'_, Claimed>;

    /// Puts a leased task back in the queue, as if it had never been handed out. Answers its entry,
    /// or `None` if that lease is gone.
    fn hand_back(&self, task: TaskId, lease: LeaseId) -> Answer<'_, Option<QueueEntry>>;

    /// Takes what is due at `now_ms`, at most `max` items. An item that isn't dealt with (the
    /// process dies) is due again after a restart.
    fn due(&self, now_ms: u64, max: usize) -> Answer<'_, Vec<Due>>;

    /// When the next item is due, if any is known.
    fn next_due_ms(&self) -> Option<u64>;

    /// Keeps a registration, durably. Leases of the same worker name under an earlier session
    /// last one lease time more; after that only if the worker names them as its own
    /// ([`Store::reconcile`]).
    fn register(&self, worker: WorkerRecord) -> Answer<'_, ()>;

    /// Notes a sign of life of a worker, which extends its leases. Answers `None` for a worker
    /// that never registered.
    fn touch(&self, worker: &WorkerId, now_ms: u64) -> Answer<'_, Option<Touched>>;

    /// Notes which task types a worker has what it takes for at hand. Kept in memory.
    fn note_hot(&self, worker: &WorkerId, types: Vec<String>);

    /// Notes how a task went, for the worker's reputation. Kept in memory.
    fn note_outcome(&self, worker: &WorkerId, well: bool);

    /// The registered workers, with what is known of their liveness and leases.
    fn workers(&self) -> Answer<'_, Vec<WorkerView>>;

    /// Notes that a worker's connection broke: unless it shows another sign of life within
    /// `grace_ms`, its leases expire.
    fn suspect(&self, worker: &WorkerId, now_ms: u64, grace_ms: u64);

    /// Forgets a worker that is going away. Its tasks are handed back; answers their entries.
    fn dismiss(&self, worker: &WorkerId) -> Answer<'_, Vec<QueueEntry>>;

    /// Compares what a worker says it runs with its leases: tasks leased to it before
    /// `before_ms` that it doesn't name are handed back; tasks it names need not be its own any
    /// more.
    fn reconcile(
        &self,
        worker: &WorkerId,
        running: &[RunningTask],
        before_ms: u64,
    ) -> Answer<'_, Reconciled>;

    /// Counts of queued and leased tasks by type, for metrics and "why does it wait".
    fn counts(&self) -> QueueCounts;

    /// Counts the jobs that have not ended, of all clients.
    fn live_jobs(&self) -> u64;

    /// Counts the jobs of one client that have not ended.
    fn live_jobs_of(&self, client: &ClientId) -> u64;

    /// Deletes terminal jobs that ended before `before_ms`, at most `max`; works on a full disk.
    /// Answers how many.
    fn purge(&self, before_ms: u64, max: usize) -> Answer<'_, usize>;

    /// Whether the store has gone read-only because the disk is full.
    fn is_full(&self) -> bool;

    /// Flushes and closes. Later calls answer [`StoreError::Closed`].
    fn close(&self) -> Answer<'_, ()>;
}
