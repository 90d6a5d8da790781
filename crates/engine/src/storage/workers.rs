//! What a store knows of workers.

use std::sync::Arc;

use avtomatika_protocol::worker::Registration;
use avtomatika_protocol::{SessionId, TaskId};
use serde::{Deserialize, Serialize};

use super::{Profile, QueueEntry};

/// A registration, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkerRecord {
    /// What the worker told about itself.
    pub registration: Registration,
    /// The registration's id, issued by the server.
    pub session_id: SessionId,
    /// When it registered, milliseconds since the Unix epoch.
    pub registered_at_ms: u64,
}

/// A worker now.
#[derive(Clone, Debug)]
pub struct WorkerView {
    /// Its registration.
    pub record: Arc<WorkerRecord>,
    /// Its last sign of life, milliseconds since the Unix epoch.
    pub last_seen_ms: u64,
    /// The tasks it has.
    pub leased: Vec<TaskId>,
    /// What it has, and how it has done.
    pub standing: Standing,
}

/// What one needs to know of a worker to choose among several.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// What it has and costs.
    pub profile: Arc<Profile>,
    /// How well it has done since the server started: 1 at best, 0.1 at worst.
    pub reputation: f64,
    /// Task types it has what it takes for at hand.
    pub hot: Vec<String>,
    /// Task types of which it has as many tasks as it takes at once.
    pub full_of: Vec<String>,
}

/// What a sign of life of a registered worker answers.
#[derive(Clone, Debug)]
pub struct Touched {
    /// Its registration.
    pub record: Arc<WorkerRecord>,
    /// How many tasks it has.
    pub leased: usize,
    /// What it has, and how it has done.
    pub standing: Standing,
}

impl Touched {
    /// Whether the worker has as many tasks as it said it takes.
    pub fn is_full(&self) -> bool {
        self.record
            .registration
            .max_concurrent_tasks
            .is_some_and(|max| self.leased >= usize::try_from(max).unwrap_or(usize::MAX))
    }
}

/// What a comparison of a worker's tasks with its leases found.
#[derive(Clone, Debug, Default)]
pub struct Reconciled {
    /// Tasks it had been given but doesn't run: back in the queue.
    pub back: Vec<QueueEntry>,
    /// Tasks it runs that are not its own any more.
    pub lost: Vec<TaskId>,
}
