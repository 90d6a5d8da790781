//! Who polls: one waiting long poll per bot, and the conflicts of those who tried two.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::control::Conflict;

/// Conflicts kept for `GET .../conflicts`; older ones are only counted.
const CONFLICTS_KEPT_MAX: usize = 1_000;
/// After one 409, further ones are delayed by this much, and so are their successors.
const CONFLICT_DELAY: Duration = Duration::from_secs(3);
/// A poll with the same offset within this time must wait: it is a busy loop.
const SAME_OFFSET_WAIT: Duration = Duration::from_secs(3);
/// A poll with the same offset within this time gets one update only.
const SAME_OFFSET_SINGLE: Duration = Duration::from_millis(500);

/// Statistics and the waiting slot.
#[derive(Debug, Default)]
pub(crate) struct Polls {
    pub(crate) count: u64,
    pub(crate) first_at_ms: Option<u64>,
    pub(crate) last_at_ms: Option<u64>,
    pub(crate) now: u32,
    pub(crate) max: u32,
    pub(crate) conflicts: u64,
    recent_conflicts: VecDeque<Conflict>,
    conflict_at_once_from: Option<Instant>,
    waiting: Option<(u64, oneshot::Sender<&'static str>)>,
    previous: Option<(i64, Instant)>,
}

/// A poll that was let in, with the wait and limit it really gets.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) id: u64,
    pub(crate) wait_s: u64,
    pub(crate) limit: usize,
}

/// The place of a waiting poll; resolves to the text of the 409 when a newer one takes it.
pub(crate) type Waiting = oneshot::Receiver<&'static str>;

impl Polls {
    /// Counts a poll and applies the rules against busy loops.
    pub(crate) fn start(&mut self, offset: i64, wait_s: u64, limit: usize, now_ms: u64) -> Started {
        let now = Instant::now();
        self.count += 1;
        self.first_at_ms.get_or_insert(now_ms);
        self.last_at_ms = Some(now_ms);
        self.now += 1;
        self.max = self.max.max(self.now);
        let mut started = Started {
            id: self.count,
            wait_s,
            limit,
        };
        if let Some((previous_offset, at)) = self.previous
            && previous_offset == offset
        {
            let since = now.saturating_duration_since(at);
            if since < SAME_OFFSET_WAIT {
                started.wait_s = wait_s.max(SAME_OFFSET_WAIT.as_secs());
            }
            if since < SAME_OFFSET_SINGLE {
                started.limit = 1;
            }
        }
        self.previous = Some((offset, now));
        started
    }

    /// Ends a poll, for whatever reason; its slot is free again if it had one.
    pub(crate) fn end(&mut self, id: u64) {
        self.now = self.now.saturating_sub(1);
        if self
            .waiting
            .as_ref()
            .is_some_and(|(waiting, _)| *waiting == id)
        {
            self.waiting = None;
        }
    }

    /// Takes the waiting slot; the poll that had it ends with a conflict.
    pub(crate) fn wait(&mut self, id: u64, eviction: &'static str) -> Waiting {
        self.evict(eviction);
        let (sender, receiver) = oneshot::channel();
        self.waiting = Some((id, sender));
        receiver
    }

    /// Ends the waiting poll with a conflict, if there is one.
    pub(crate) fn evict(&mut self, reason: &'static str) {
        if let Some((_, sender)) = self.waiting.take() {
            // A receiver that is gone is a client that hung up: nobody is left to be told.
            sender.send(reason).ok();
        }
    }

    /// Records a 409 and says how long its answer must be held back.
    pub(crate) fn conflict(&mut self, description: &str, now_ms: u64) -> Duration {
        let now = Instant::now();
        let delay = if self.conflict_at_once_from.is_some_and(|at| now < at) {
            CONFLICT_DELAY
        } else {
            self.conflict_at_once_from = Some(now + CONFLICT_DELAY);
            Duration::ZERO
        };
        self.conflicts += 1;
        if self.recent_conflicts.len() == CONFLICTS_KEPT_MAX {
            self.recent_conflicts.pop_front();
        }
        self.recent_conflicts.push_back(Conflict {
            at_ms: now_ms,
            description: description.to_owned(),
            delayed_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
        });
        delay
    }

    /// The conflicts so far, oldest first.
    pub(crate) fn recent_conflicts(&self) -> Vec<Conflict> {
        self.recent_conflicts.iter().cloned().collect()
    }
}
