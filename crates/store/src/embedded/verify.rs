//! Checking a batch against what is stored, the group it is to be written with included.

use avtomatika_engine::storage::{DocumentChange, StoreError, TaskChange};
use avtomatika_protocol::JobId;

use super::codec::{self, Encoded, EncodedJob};
use super::tables::Tables;
use super::{Shared, write};

/// Answers whether the batch still fits. Nothing has been written yet when it doesn't.
pub(super) fn verify(
    shared: &Shared,
    tables: &Tables<'_>,
    encoded: &Encoded,
) -> Result<Result<(), StoreError>, redb::Error> {
    let batch = &encoded.batch;
    for encoded_job in &encoded.jobs {
        let job = &encoded_job.job;
        if stored_version(shared, tables, encoded_job)? != encoded_job.from_version {
            // Whatever led to this decision was out of date; don't let it happen again.
            shared.jobs.remove(job.id);
            return Ok(Err(StoreError::Conflict { what: "job" }));
        }
    }
    if batch.from_version == 0
        && let Some(key) = &batch.job.idempotency_key
        && let Some(earlier) = tables
            .keys
            .get((batch.job.owner().as_str(), key.as_str()))?
    {
        let earlier = JobId(uuid::Uuid::from_u128(earlier.value()));
        return Ok(Err(StoreError::Duplicate(earlier)));
    }
    if let Some(spend) = &batch.spend {
        let spent = tables.counters.get(spend.counter.as_str())?;
        if spent.map_or(0, |row| row.value()) >= spend.limit {
            let limit = spend.limit;
            return Ok(Err(StoreError::Exhausted { limit }));
        }
    }
    if let Err(error) = documents(tables, &batch.documents)? {
        return Ok(Err(error));
    }
    let ends = |change: &&TaskChange| !matches!(change, TaskChange::Add(..));
    if !batch.tasks.iter().any(|change| ends(&change)) {
        return Ok(Ok(()));
    }
    let index = shared.index.lock();
    for change in &batch.tasks {
        if let TaskChange::Retry { task, lease, .. } | TaskChange::Finish { task, lease } = change
            && !index.holds(*task, *lease)
        {
            return Ok(Err(StoreError::Conflict { what: "task" }));
        }
    }
    Ok(Ok(()))
}

/// The version a job is stored in; 0: it isn't.
fn stored_version(
    shared: &Shared,
    tables: &Tables<'_>,
    encoded: &EncodedJob,
) -> Result<u64, redb::Error> {
    let id = write::number(encoded.job.id);
    if let Some(known) = tables.jobs.known(&id) {
        return Ok(known.map_or(0, |bytes| codec::version(bytes)));
    }
    // A new job's id has just been drawn: there is none like it among older ones. What memory
    // knows of a live job that nothing was written of lately is what the file says. (One that has
    // ended may have been deleted while a reader was at it.)
    if encoded.from_version == 0 {
        return Ok(0);
    }
    if let Some(job) = shared.jobs.get(encoded.job.id)
        && !job.status.is_terminal()
    {
        return Ok(job.version);
    }
    let row = tables.jobs.get(id)?;
    Ok(row.map_or(0, |row| codec::version(row.value())))
}

/// Answers whether documents are still as they were when they were changed.
pub(super) fn documents(
    tables: &Tables<'_>,
    changes: &[DocumentChange],
) -> Result<Result<(), StoreError>, redb::Error> {
    for change in changes {
        let key = (change.key.store.as_str(), change.key.key.as_str());
        let stored = tables
            .documents
            .get(key)?
            .map_or(0, |row| codec::version(row.value()));
        if stored != change.from_version {
            return Ok(Err(StoreError::Conflict { what: "document" }));
        }
    }
    Ok(Ok(()))
}
