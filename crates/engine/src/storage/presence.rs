//! Workers as the scheduler sees them: when they were seen, and what they hold.

use std::collections::HashMap;
use std::sync::Arc;

use avtomatika_protocol::TaskId;

use super::WorkerRecord;

/// A worker, as far as the scheduler knows it.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) record: Option<Arc<WorkerRecord>>,
    pub(super) last_seen_ms: u64,
    pub(super) leased: HashMap<TaskId, Held>,
}

/// A task in a worker's hands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// Since when the worker is known to have it: the hand-out, or the last time it named it.
    pub(super) known_ms: u64,
    /// Since when this index knows of it.
    pub(super) noted_ms: u64,
}

impl Worker {
    pub(super) fn is_full(&self) -> bool {
        self.record
            .as_ref()
            .and_then(|record| record.registration.max_concurrent_tasks)
            .is_some_and(|max| self.leased.len() >= usize::try_from(max).unwrap_or(usize::MAX))
    }

    /// When a lease runs out. The worker's signs of life extend it, but not those of another
    /// process that registered under the same name later: unless it says that it has the task,
    /// nobody may be working on it.
    pub(super) fn expires_ms(&self, task: TaskId, lease_ms: u64) -> u64 {
        let by_life_ms = self.last_seen_ms + lease_ms;
        let (Some(record), Some(held)) = (&self.record, self.leased.get(&task)) else {
            return by_life_ms;
        };
        if held.known_ms >= record.registered_at_ms {
            return by_life_ms;
        }
        by_life_ms.min(record.registered_at_ms.max(held.noted_ms) + lease_ms)
    }

    /// The process that is registered now says that it has the task.
    pub(super) fn vouch(&mut self, task: TaskId) {
        let registered_ms = self.record.as_ref().map(|record| record.registered_at_ms);
        if let (Some(held), Some(registered_ms)) = (self.leased.get_mut(&task), registered_ms) {
            held.known_ms = held.known_ms.max(registered_ms);
        }
    }
}
