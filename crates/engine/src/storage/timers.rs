//! What the index must be woken for, in order of time.

use std::collections::BTreeSet;

use avtomatika_protocol::{JobId, LeaseId, TaskId};

/// Something that has a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A task's back-off ends.
    Ready(TaskId),
    /// A lease runs out unless its worker has been seen since.
    Lease(TaskId, LeaseId),
    /// An attempt has run too long.
    Execution(TaskId, LeaseId),
    /// A task has waited too long.
    Dispatch(TaskId),
    /// A task has taken too long, waiting and all attempts together.
    Result(TaskId),
    /// A job goes on by itself.
    Job(JobId),
}

/// Timers by time. Stale ones are not removed but recognised when they come up, so setting one
/// costs one insertion whatever else there is.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(u64, Timer)>);

impl Timers {
    pub(super) fn set(&mut self, at_ms: u64, timer: Timer) {
        self.0.insert((at_ms, timer));
    }

    pub(super) fn clear(&mut self, at_ms: u64, timer: Timer) {
        self.0.remove(&(at_ms, timer));
    }

    pub(super) fn next_ms(&self) -> Option<u64> {
        self.0.first().map(|(at_ms, _)| *at_ms)
    }

    /// Takes the first timer whose time has come.
    pub(super) fn pop_due(&mut self, now_ms: u64) -> Option<Timer> {
        if self.0.first()?.0 > now_ms {
            return None;
        }
        self.0.pop_first().map(|(_, timer)| timer)
    }
}
