//! After a failed write.
//!
//! A group whose record could not be written, or synced, is on the disk or it isn't: a sync that
//! reports an error may have done its work. So its place in the log is overwritten, and only when
//! that is on the disk everybody is told that nothing was done. The file is another matter: what
//! a checkpoint fails to write stays in the log, and redb, which refuses to go on with a file
//! once one of its operations on it has failed, opens it again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use avtomatika_engine::storage::StoreError;

use super::group::{Done, Refused};
use super::writer::Writer;
use super::{Shared, disk, open};

/// How long readers may hold on to a file that must be reopened.
const REOPEN_PATIENCE: Duration = Duration::from_secs(10);

/// A group whose record failed, until it is known that it isn't there.
pub(super) struct Adrift {
    done: Vec<Done>,
    refused: Vec<Refused>,
    answer: StoreError,
}

impl Writer {
    /// Deals with a group whose record could not be written.
    pub(super) fn fail(&mut self, done: Vec<Done>, refused: Vec<Refused>, error: &std::io::Error) {
        tracing::error!(%error, "failed to write to the store's log");
        let answer = if disk::is_full_error(error) {
            self.room.exhausted(&self.shared);
            StoreError::Full
        } else {
            StoreError::broken("write to the store", error)
        };
        self.adrift = Some(Adrift {
            done,
            refused,
            answer,
        });
        self.settle();
    }

    /// Makes sure that what failed isn't there, and says so. If that fails it is tried again
    /// later; until then nobody knows what to answer.
    pub(super) fn settle(&mut self) {
        if self.adrift.is_none() {
            return;
        }
        if let Err(error) = self.log.undo() {
            tracing::error!(%error, "failed to take a failed write back");
            return;
        }
        let Some(adrift) = self.adrift.take() else {
            return;
        };
        // Those who were refused may have been refused because of a batch that is not there.
        for (reply, _) in adrift.refused {
            let _gone = reply.send(Err(adrift.answer.clone()));
        }
        for item in adrift.done {
            item.refuse(&adrift.answer);
        }
    }
}

impl Shared {
    /// Notes that redb has given the file up.
    pub(super) fn mark_broken(&self) {
        self.broken.store(true, Ordering::Release);
    }

    /// Makes sure the file is open.
    pub(super) fn opened_again(&self) -> Result<(), open::OpenError> {
        if self.broken.load(Ordering::Acquire) {
            self.reopen()?;
            self.broken.store(false, Ordering::Release);
        }
        Ok(())
    }

    fn reopen(&self) -> Result<(), open::OpenError> {
        // Readers wait here meanwhile.
        let mut place = self.database.write();
        if let Some(old) = place.take() {
            let patience = Instant::now();
            while Arc::strong_count(&old) > 1 && patience.elapsed() < REOPEN_PATIENCE {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        let database = open::database(&self.options)?;
        *place = Some(Arc::new(database));
        self.opened.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }
}
