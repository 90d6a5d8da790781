//! Reads.

use std::sync::Arc;

use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_engine::machine::Job;
use avtomatika_engine::storage::{Document, StoreError, Task};
use avtomatika_protocol::{ClientId, JobId, TaskId};
use redb::ReadableDatabase;

use super::{Shared, codec, tables};

/// Records larger than this are not cached, bytes.
pub(super) const CACHED_BYTES_MAX: usize = 64 << 10;

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::broken("read the store", error)
}

impl Shared {
    pub(super) fn job(&self, id: JobId) -> Result<Option<Arc<Job>>, StoreError> {
        if let Some(job) = self.jobs.get(id) {
            return Ok(Some(job));
        }
        let read = self.database()?.begin_read().map_err(failed)?;
        let table = read.open_table(tables::JOBS).map_err(failed)?;
        let Some(bytes) = table.get(id.0.as_u128()).map_err(failed)? else {
            return Ok(None);
        };
        let bytes = bytes.value();
        let job = Arc::new(codec::job(bytes)?);
        if bytes.len() <= CACHED_BYTES_MAX {
            self.jobs.put(id, job.version, Arc::clone(&job));
        }
        Ok(Some(job))
    }

    pub(super) fn job_of_key(
        &self,
        client: &ClientId,
        key: &str,
    ) -> Result<Option<JobId>, StoreError> {
        let read = self.database()?.begin_read().map_err(failed)?;
        let table = read.open_table(tables::KEYS).map_err(failed)?;
        let job = table.get((client.as_str(), key)).map_err(failed)?;
        Ok(job.map(|id| JobId(uuid::Uuid::from_u128(id.value()))))
    }

    pub(super) fn jobs_of(
        &self,
        client: &ClientId,
        limit: usize,
        offset: usize,
    ) -> Result<Vec<Arc<Job>>, StoreError> {
        let read = self.database()?.begin_read().map_err(failed)?;
        let table = read.open_table(tables::BY_CLIENT).map_err(failed)?;
        let mine = table
            .range((client.as_str(), u128::MIN)..=(client.as_str(), u128::MAX))
            .map_err(failed)?;
        let mut jobs = Vec::new();
        for row in mine.rev().skip(offset).take(limit) {
            let (key, _) = row.map_err(failed)?;
            jobs.extend(self.job(JobId(uuid::Uuid::from_u128(key.value().1)))?);
        }
        Ok(jobs)
    }

    pub(super) fn task(&self, id: TaskId) -> Result<Option<Arc<Task>>, StoreError> {
        if let Some(task) = self.tasks.get(id) {
            return Ok(Some(task));
        }
        let read = self.database()?.begin_read().map_err(failed)?;
        let table = read.open_table(tables::TASKS).map_err(failed)?;
        let Some(bytes) = table.get(id.0.as_u128()).map_err(failed)? else {
            return Ok(None);
        };
        Ok(Some(Arc::new(codec::task(bytes.value())?)))
    }

    pub(super) fn document(&self, key: &DocumentKey) -> Result<Option<Document>, StoreError> {
        let read = self.database()?.begin_read().map_err(failed)?;
        let table = read.open_table(tables::DOCUMENTS).map_err(failed)?;
        let bytes = table
            .get((key.store.as_str(), key.key.as_str()))
            .map_err(failed)?;
        bytes
            .map(|bytes| codec::document(bytes.value()))
            .transpose()
    }
}
