//! Ready tasks in the order they are handed out, apart by what they want of their worker.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use avtomatika_protocol::TaskId;

use super::{Profile, QueueEntry};
use crate::blueprint::Wants;

/// Highest priority first, then the longest waiting.
pub(super) type Rank = (Reverse<i32>, u64, TaskId);

pub(super) fn rank(entry: &QueueEntry) -> Rank {
    (Reverse(entry.priority), entry.queued_at_ms, entry.task_id)
}

/// The ready tasks of one type. Tasks that want the same stand in one line, so that a look for the
/// best one costs as much as there are different wants, however many tasks there are.
#[derive(Debug, Default)]
pub(super) struct Lines {
    plain: BTreeSet<Rank>,
    /// Lines of tasks not every worker of the type can do, by [`Wants::key`].
    special: HashMap<String, (Arc<Wants>, BTreeSet<Rank>)>,
}

impl Lines {
    pub(super) fn insert(&mut self, entry: &QueueEntry) {
        match picky(entry) {
            None => self.plain.insert(rank(entry)),
            Some(wants) => {
                let line = self.special.entry(wants.key());
                let (_, line) = line.or_insert_with(|| (Arc::clone(wants), BTreeSet::new()));
                line.insert(rank(entry))
            }
        };
    }

    pub(super) fn remove(&mut self, entry: &QueueEntry) {
        let Some(wants) = picky(entry) else {
            self.plain.remove(&rank(entry));
            return;
        };
        let key = wants.key();
        if let Some((_, line)) = self.special.get_mut(&key) {
            line.remove(&rank(entry));
            if line.is_empty() {
                self.special.remove(&key);
            }
        }
    }

    /// The best task a worker with this profile can do.
    pub(super) fn best(&self, task_type: &str, profile: Option<&Profile>) -> Option<Rank> {
        let special = self
            .special
            .values()
            .filter(|(wants, _)| profile.is_some_and(|profile| profile.suits(task_type, wants)));
        let lines = special.map(|(_, line)| line);
        lines
            .chain([&self.plain])
            .filter_map(BTreeSet::first)
            .min()
            .copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.special.is_empty()
    }
}

/// What the task wants, if not every worker of its type can do it.
fn picky(entry: &QueueEntry) -> Option<&Arc<Wants>> {
    entry.wants.as_ref().filter(|wants| !wants.takes_all())
}
