//! After a failed write.
//!
//! redb refuses to go on with a file once one of its operations on it has failed, so the file is
//! opened again. What was in the failed transaction is then on disk or it isn't: a sync that
//! reports an error may have done its work. So it is looked up, and everybody is told what is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use avtomatika_engine::storage::StoreError;
use redb::ReadableDatabase;

use super::writer::{Done, Refused, Writer};
use super::{Shared, disk, open, tables, write};

/// How long readers may hold on to a file that must be reopened.
const REOPEN_PATIENCE: Duration = Duration::from_secs(10);

/// A group whose transaction failed, until it is known what became of it.
pub(super) struct Adrift {
    done: Vec<Done>,
    refused: Vec<Refused>,
    answer: StoreError,
}

impl Writer {
    /// Deals with a group whose transaction failed.
    pub(super) fn fail(&mut self, done: Vec<Done>, refused: Vec<Refused>, error: &redb::Error) {
        tracing::error!(%error, "failed to write to the store");
        let answer = if disk::says_full(error) {
            self.room.exhausted(&self.shared);
            StoreError::Full
        } else {
            StoreError::broken("write to the store", error)
        };
        self.adrift.push(Adrift {
            done,
            refused,
            answer,
        });
        self.reopen();
    }

    /// Opens the file again and settles what had been begun. If that fails it is tried again
    /// later; until then nobody knows what to answer.
    pub(super) fn reopen(&mut self) {
        if let Err(error) = self.shared.reopen() {
            tracing::error!(%error, "failed to open the store again");
            return;
        }
        for adrift in std::mem::take(&mut self.adrift) {
            self.settle(adrift);
        }
    }

    fn settle(&mut self, adrift: Adrift) {
        let Adrift {
            done,
            refused,
            answer,
        } = adrift;
        if landed(&self.shared, &done) {
            tracing::warn!("the transaction is there although its write was reported as failed");
            self.answer(done, refused);
            return;
        }
        // Those who were refused may have been refused because of a batch that is not there.
        for (reply, _) in refused {
            let _gone = reply.send(Err(answer.clone()));
        }
        for item in done {
            item.refuse(&answer);
        }
    }
}

impl Shared {
    fn reopen(&self) -> Result<(), open::OpenError> {
        // Readers wait here meanwhile.
        let mut place = self.database.write();
        if let Some(old) = place.take() {
            let patience = Instant::now();
            while Arc::strong_count(&old) > 1 && patience.elapsed() < REOPEN_PATIENCE {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        self.jobs.clear();
        self.tasks.clear();
        let database = open::database(&self.options)?;
        *place = Some(Arc::new(database));
        self.opened.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }
}

/// Whether the transaction that wrote these is on disk. It is there as a whole or not at all, so
/// its first batch tells; whatever else it may hold can be asked for again.
fn landed(shared: &Shared, done: &[Done]) -> bool {
    let first = done.iter().find_map(|item| match item {
        Done::Commit(batch, _) => Some(batch),
        _ => None,
    });
    let Some(batch) = first else { return false };
    let found = || -> Result<bool, StoreError> {
        let failed = |error: redb::Error| StoreError::broken("read the store", error);
        let read = shared
            .database()?
            .begin_read()
            .map_err(|error| failed(error.into()))?;
        let table = read
            .open_table(tables::JOBS)
            .map_err(|error| failed(error.into()))?;
        let Some(first) = batch.jobs.first() else {
            return Ok(false);
        };
        let row = table
            .get(write::number(first.job.id))
            .map_err(|error| failed(error.into()))?;
        Ok(row.is_some_and(|row| row.value() == first.bytes.as_slice()))
    };
    found().unwrap_or(false)
}
