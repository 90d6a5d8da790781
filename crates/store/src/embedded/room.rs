//! Whether there is room to write.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Shared, disk};

/// How often the free disk space is looked at while there is something to write.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// The writer's view of the disk.
#[derive(Debug, Default)]
pub(super) struct Room {
    checked: Option<Instant>,
    /// What clean-ups have freed inside the file, bytes. The file keeps that space, so the disk
    /// looks as full as before, but new records fit into it.
    regained_bytes: u64,
}

impl Room {
    /// Goes read-only before the disk is quite full, and back when there is room.
    pub(super) fn check(&mut self, shared: &Shared) {
        if self.checked.is_some_and(|at| at.elapsed() < CHECK_EVERY) {
            return;
        }
        self.checked = Some(Instant::now());
        let options = &shared.options;
        let Some(free) = disk::free_bytes(&options.dir) else {
            return;
        };
        let enough = free >= options.reserve_bytes;
        if enough {
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
        self.checked = None;
        self.check(shared);
    }

    /// Notes what has been written.
    pub(super) fn used(&mut self, bytes: u64) {
        let left = self.regained_bytes.saturating_sub(bytes);
        if left == 0 && self.regained_bytes > 0 {
            self.checked = None;
        }
        self.regained_bytes = left;
    }

    /// Notes that a write found no room.
    pub(super) fn exhausted(&mut self, shared: &Shared) {
        self.regained_bytes = 0;
        self.checked = Some(Instant::now());
        if !shared.full.swap(true, Ordering::Relaxed) {
            tracing::error!("a write found no room on the disk, the store is read-only");
        }
    }
}
