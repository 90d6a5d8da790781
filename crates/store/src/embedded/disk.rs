//! Noticing a full disk early, and keeping enough back to get out of it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Space kept back in a file of its own, so that old jobs can be deleted when nothing else is
/// free, bytes.
pub(super) const BALLAST_BYTES: u64 = 4 << 20;

fn ballast(dir: &Path) -> PathBuf {
    dir.join("ballast")
}

/// Free space for ordinary users where the store lives, bytes; `None` if the system can't tell.
pub(super) fn free_bytes(dir: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(dir).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Takes the ballast aboard, if there is room for it.
pub(super) fn make_ballast(dir: &Path) {
    let path = ballast(dir);
    let there = fs::metadata(&path).is_ok_and(|meta| meta.len() >= BALLAST_BYTES);
    if there || free_bytes(dir).is_some_and(|free| free < 4 * BALLAST_BYTES) {
        return;
    }
    let made = fs::File::create(&path).and_then(|file| {
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, BALLAST_BYTES)
            .map_err(Into::into)
    });
    if let Err(error) = made {
        tracing::warn!(%error, "failed to keep disk space back for the clean-up of a full disk");
        drop_ballast(dir);
    }
}

/// Throws the ballast off if a clean-up may need the room: there is less left than it takes.
pub(super) fn make_way(dir: &Path) {
    if free_bytes(dir).is_none_or(|free| free < BALLAST_BYTES) {
        drop_ballast(dir);
    }
}

/// Throws the ballast off to make room.
pub(super) fn drop_ballast(dir: &Path) {
    match fs::remove_file(ballast(dir)) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(%error, "failed to give the kept disk space free"),
    }
}

/// Whether an error of redb says that the disk (or the quota on it) is full.
pub(super) fn says_full(error: &redb::Error) -> bool {
    matches!(error, redb::Error::Io(io) if is_full_error(io))
}

/// Whether an error says that the disk (or the quota on it) is full.
pub(super) fn is_full_error(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}
