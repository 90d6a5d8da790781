//! Workers as the scheduler sees them: when they were seen, and what they hold.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use avtomatika_protocol::TaskId;

use super::{Profile, QueueEntry, Standing, WorkerRecord};

/// What a reputation gains by a task done well, and loses by one that failed. It stays between
/// its bounds.
const GAIN: f64 = 0.001;
const LOSS: f64 = 0.05;
const REPUTATION_MIN: f64 = 0.1;

/// A worker, as far as the scheduler knows it.
#[derive(Debug, Default)]
pub(super) struct Worker {
    pub(super) record: Option<Arc<WorkerRecord>>,
    pub(super) last_seen_ms: u64,
    pub(super) leased: HashMap<TaskId, Held>,
    pub(super) profile: Arc<Profile>,
    pub(super) hot: BTreeSet<String>,
    /// How many tasks it has of the types it has limits for.
    by_type: HashMap<Arc<str>, u32>,
    /// What it has lost of its reputation.
    disrepute: f64,
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
    /// A worker of which nothing is known but that it was seen.
    pub(super) fn seen(now_ms: u64) -> Self {
        Self {
            last_seen_ms: now_ms,
            ..Self::default()
        }
    }

    /// Whether it has as many tasks of this type as it takes at once.
    pub(super) fn is_full_of(&self, task_type: &str) -> bool {
        self.profile
            .limits
            .get(task_type)
            .is_some_and(|limit| self.by_type.get(task_type).copied().unwrap_or(0) >= *limit)
    }

    pub(super) fn hold(&mut self, entry: &QueueEntry, held: Held) {
        self.leased.insert(entry.task_id, held);
        *self
            .by_type
            .entry(Arc::clone(&entry.task_type))
            .or_default() += 1;
    }

    pub(super) fn release(&mut self, entry: &QueueEntry) {
        if self.leased.remove(&entry.task_id).is_none() {
            return;
        }
        if let Some(count) = self.by_type.get_mut(&entry.task_type) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_type.remove(&entry.task_type);
            }
        }
    }

    pub(super) fn note_outcome(&mut self, well: bool) {
        let change = if well { -GAIN } else { LOSS };
        self.disrepute = (self.disrepute + change).clamp(0.0, 1.0 - REPUTATION_MIN);
    }

    /// What others need to know of it to choose among workers.
    pub(super) fn standing(&self) -> Standing {
        let limits = self.profile.limits.keys();
        Standing {
            profile: Arc::clone(&self.profile),
            reputation: 1.0 - self.disrepute,
            hot: self.hot.iter().cloned().collect(),
            full_of: limits
                .filter(|name| self.is_full_of(name))
                .cloned()
                .collect(),
        }
    }

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
