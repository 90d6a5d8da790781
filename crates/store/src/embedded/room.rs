//! Whether there is room to write.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Shared, disk};

/// How long a write that found no room keeps others from trying, whatever the disk says.
const EXHAUSTED_FOR: Duration = Duration::from_millis(500);

/// Free space beyond the reserve that no disk takes up in so short a time.
const AMPLE_BYTES: u64 = 256 << 20;
const AMPLE_FOR: Duration = Duration::from_millis(10);

/// The writer's view of the disk.
#[derive(Debug, Default)]
pub(super) struct Room {
    exhausted: Option<Instant>,
    /// What clean-ups have freed inside the file, bytes. The file keeps that space, so the disk
    /// looks as full as before, but new records fit into it.
    regained_bytes: u64,
    /// When the last clean-up was.
    regained_at: Option<Instant>,
    /// When the disk was looked at and had more than enough room.
    ample_at: Option<Instant>,
}

impl Room {
    /// Goes read-only before the disk is quite full, and back when there is room. Asked before each
    /// write: a fast disk fills up in no time.
    pub(super) fn check(&mut self, shared: &Shared) {
        if self.ample_at.is_some_and(|at| at.elapsed() < AMPLE_FOR) {
            return;
        }
        if self
            .exhausted
            .is_some_and(|at| at.elapsed() < EXHAUSTED_FOR)
        {
            return;
        }
        self.exhausted = None;
        let options = &shared.options;
        let Some(free) = disk::free_bytes(&options.dir) else {
            return;
        };
        let ample = free >= options.reserve_bytes.saturating_add(AMPLE_BYTES);
        self.ample_at = ample.then(Instant::now);
        let enough = free >= options.reserve_bytes;
        // Just enough may be what a clean-up set free for itself, and gone the next moment.
        if free
            >= options
                .reserve_bytes
                .saturating_add(2 * disk::BALLAST_BYTES)
        {
            self.regained_bytes = 0;
        }
        let full = !enough && self.regained_bytes == 0;
        if shared.full.swap(full, Ordering::Relaxed) == full {
            return;
        }
        if full {
            tracing::error!(
                free_bytes = free,
                "the disk is full, the store is read-only"
            );
        } else {
            disk::make_ballast(&options.dir);
            tracing::warn!(
                free_bytes = free,
                regained_bytes = self.regained_bytes,
                "there is room again, the store takes writes"
            );
        }
    }

    /// Notes what a clean-up has freed.
    pub(super) fn regained(&mut self, shared: &Shared, bytes: u64) {
        self.regained_bytes += bytes;
        self.regained_at = Some(Instant::now());
        self.exhausted = None;
        self.check(shared);
    }

    /// Whether there was a clean-up after this: what found no room before it says nothing now.
    pub(super) fn regained_since(&self, then: Instant) -> bool {
        self.regained_at.is_some_and(|at| at >= then)
    }

    /// Notes what has been written.
    pub(super) fn used(&mut self, bytes: u64) {
        self.regained_bytes = self.regained_bytes.saturating_sub(bytes);
    }

    /// Notes that a write found no room.
    pub(super) fn exhausted(&mut self, shared: &Shared) {
        self.regained_bytes = 0;
        self.ample_at = None;
        self.exhausted = Some(Instant::now());
        if !shared.full.swap(true, Ordering::Relaxed) {
            tracing::error!("a write found no room on the disk, the store is read-only");
        }
    }
}
