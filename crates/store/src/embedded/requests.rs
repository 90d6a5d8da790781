//! What the writer is asked to do.

use avtomatika_engine::storage::{DocumentChange, StoreError, WorkerRecord};
use avtomatika_protocol::{TaskId, WorkerId};
use tokio::sync::oneshot;

use super::codec::{self, Encoded};

/// Where an answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the writer is asked to do.
pub(super) enum Request {
    /// Write a batch.
    Commit {
        batch: Box<Encoded>,
        reply: Reply<()>,
    },
    /// Write documents that belong to no job.
    Documents {
        changes: Vec<DocumentChange>,
        reply: Reply<()>,
    },
    /// Keep a registration.
    Register {
        worker: Box<WorkerRecord>,
        reply: Reply<()>,
    },
    /// Forget registrations, and write that these tasks are back in the queue.
    Forget {
        workers: Vec<WorkerId>,
        rows: Vec<TaskId>,
        reply: Reply<()>,
    },
    /// Delete old jobs.
    Purge {
        before_ms: u64,
        max: usize,
        reply: Reply<usize>,
    },
    /// Flush and end.
    Close { reply: Reply<()> },
}

impl Request {
    /// About what it takes in a record, bytes.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Commit { batch, .. } => batch.bytes(),
            Self::Documents { changes, .. } => codec::documents_bytes(changes),
            _ => 0,
        }
    }
}
