//! Reads.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_engine::history::HistoryEvent;
use avtomatika_engine::machine::Job;
use avtomatika_engine::storage::{Document, StoreError, Task};
use avtomatika_protocol::{ClientId, JobId, TaskId};
use redb::{ReadTransaction, ReadableDatabase, ReadableTable};

use super::{Shared, codec, tables};

/// Records larger than this are not cached, bytes.
pub(super) const CACHED_BYTES_MAX: usize = 64 << 10;
/// How often a read that failed is looked at again: after a failed write redb refuses reads until
/// the writer has opened the file anew, which takes milliseconds.
const TRIES_MAX: u32 = 40;
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(5);

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::broken("read the store", error)
}

impl Shared {
    /// Reads from a snapshot; once more if the file was opened anew meanwhile.
    fn read<T>(
        &self,
        act: impl Fn(&ReadTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut tries = 0;
        loop {
            let opened = self.opened.load(Ordering::Acquire);
            let result = self
                .database()
                .and_then(|database| database.begin_read().map_err(failed))
                .and_then(|read| act(&read));
            match result {
                Err(StoreError::Broken { .. }) if tries < TRIES_MAX => {
                    tries += 1;
                    if self.opened.load(Ordering::Acquire) == opened {
                        std::thread::sleep(TRY_AGAIN_AFTER);
                    }
                }
                other => return other,
            }
        }
    }

    pub(super) fn job(&self, id: JobId) -> Result<Option<Arc<Job>>, StoreError> {
        if let Some(job) = self.jobs.get(id) {
            return Ok(Some(job));
        }
        // Before the snapshot, so that whatever becomes durable after it is noticed.
        let epoch = self.jobs.epoch();
        self.read(|read| self.read_job(read, id, epoch))
    }

    fn read_job(
        &self,
        read: &ReadTransaction,
        id: JobId,
        epoch: u64,
    ) -> Result<Option<Arc<Job>>, StoreError> {
        let table = read.open_table(tables::JOBS).map_err(failed)?;
        let Some(bytes) = table.get(id.0.as_u128()).map_err(failed)? else {
            return Ok(None);
        };
        let bytes = bytes.value();
        let job = Arc::new(codec::job(bytes)?);
        if bytes.len() <= CACHED_BYTES_MAX {
            self.jobs.put_read(id, Arc::clone(&job), epoch);
        }
        Ok(Some(job))
    }

    pub(super) fn job_of_key(
        &self,
        client: &ClientId,
        key: &str,
    ) -> Result<Option<JobId>, StoreError> {
        self.read(|read| {
            let table = read.open_table(tables::KEYS).map_err(failed)?;
            let job = table.get((client.as_str(), key)).map_err(failed)?;
            Ok(job.map(|id| JobId(uuid::Uuid::from_u128(id.value()))))
        })
    }

    pub(super) fn jobs_of(
        &self,
        client: &ClientId,
        limit: usize,
        offset: usize,
    ) -> Result<Vec<Arc<Job>>, StoreError> {
        let ids: Vec<JobId> = self.read(|read| {
            let table = read.open_table(tables::BY_CLIENT).map_err(failed)?;
            let mine = table
                .range((client.as_str(), u128::MIN)..=(client.as_str(), u128::MAX))
                .map_err(failed)?;
            mine.rev()
                .skip(offset)
                .take(limit)
                .map(|row| {
                    let (key, _) = row.map_err(failed)?;
                    Ok(JobId(uuid::Uuid::from_u128(key.value().1)))
                })
                .collect()
        })?;
        ids.into_iter()
            .filter_map(|id| self.job(id).transpose())
            .collect()
    }

    pub(super) fn task(&self, id: TaskId) -> Result<Option<Arc<Task>>, StoreError> {
        if let Some(task) = self.tasks.get(id) {
            return Ok(Some(task));
        }
        self.read(|read| {
            let table = read.open_table(tables::TASKS).map_err(failed)?;
            let bytes = table.get(id.0.as_u128()).map_err(failed)?;
            bytes
                .map(|bytes| codec::task(bytes.value()).map(Arc::new))
                .transpose()
        })
    }

    pub(super) fn document(&self, key: &DocumentKey) -> Result<Option<Document>, StoreError> {
        self.read(|read| {
            let table = read.open_table(tables::DOCUMENTS).map_err(failed)?;
            let bytes = table
                .get((key.store.as_str(), key.key.as_str()))
                .map_err(failed)?;
            bytes
                .map(|bytes| codec::document(bytes.value()))
                .transpose()
        })
    }

    pub(super) fn counter(&self, name: &str) -> Result<u64, StoreError> {
        self.read(|read| {
            let table = read.open_table(tables::COUNTERS).map_err(failed)?;
            let spent = table.get(name).map_err(failed)?;
            Ok(spent.map_or(0, |spent| spent.value()))
        })
    }

    pub(super) fn quarantined(
        &self,
        client: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<JobId>, StoreError> {
        self.read(|read| {
            let table = read.open_table(tables::QUARANTINED).map_err(failed)?;
            let mut found = Vec::new();
            for row in table.iter().map_err(failed)?.rev() {
                let (id, owner) = row.map_err(failed)?;
                if found.len() == limit {
                    break;
                }
                if client.is_none_or(|client| client.as_str() == owner.value()) {
                    found.push(JobId(uuid::Uuid::from_u128(id.value())));
                }
            }
            Ok(found)
        })
    }

    pub(super) fn outbox(&self, max: usize) -> Result<Vec<(u64, Vec<HistoryEvent>)>, StoreError> {
        self.read(|read| {
            let table = read.open_table(tables::OUTBOX).map_err(failed)?;
            let oldest = table.iter().map_err(failed)?.take(max);
            oldest
                .map(|row| {
                    let (seq, bytes) = row.map_err(failed)?;
                    Ok((seq.value(), codec::unpack(bytes.value())?))
                })
                .collect()
        })
    }
}
