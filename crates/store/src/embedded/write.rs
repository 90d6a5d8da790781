//! Writing one batch into the group at hand, and into memory once it is durable.

use std::collections::HashSet;
use std::sync::Arc;

use super::codec::{self, Encoded, EncodedJob};
use super::tables::Tables;
use super::{Shared, lookup};
use avtomatika_engine::storage::{Batch, DocumentChange, StoreError, TaskChange};
use avtomatika_protocol::{JobId, JobStatus, TaskId};

pub(super) fn number(job: JobId) -> u128 {
    job.0.as_u128()
}

/// Writes a batch that has been verified.
pub(super) fn write(
    shared: &Shared,
    tables: &mut Tables<'_>,
    encoded: &Encoded,
    told: &mut u64,
) -> Result<Result<(), StoreError>, redb::Error> {
    for job in &encoded.jobs {
        write_job(tables, job);
    }
    if let Some(spend) = &encoded.batch.spend {
        let counter = spend.counter.as_str();
        let spent = tables.counters.get(counter)?.map_or(0, |row| row.value());
        tables.counters.insert(counter, spent + 1);
    }
    if let Some(history) = &encoded.history {
        tables.outbox.put_new(*told, history.clone());
        *told += 1;
    }
    for (task, task_bytes, entry_bytes) in &encoded.tasks {
        tables.tasks.put_new(task, task_bytes.clone());
        tables.queue.put_new(task, entry_bytes.clone());
    }
    for change in &encoded.batch.tasks {
        match change {
            TaskChange::Add(..) => {}
            TaskChange::Retry {
                task, ready_at_ms, ..
            } => {
                let Some(mut entry) = shared.index.lock().entry(*task).cloned() else {
                    continue;
                };
                entry.lease = None;
                entry.ready_at_ms = *ready_at_ms;
                match codec::pack(&entry) {
                    Ok(bytes) => tables.queue.put(task.0.as_u128(), bytes.into()),
                    Err(error) => return Ok(Err(error)),
                }
            }
            TaskChange::Finish { task, .. } => {
                tables.tasks.remove(task.0.as_u128());
                tables.queue.remove(task.0.as_u128());
            }
        }
    }
    Ok(write_documents(tables, &encoded.batch.documents))
}

fn write_job(tables: &mut Tables<'_>, encoded: &EncodedJob) {
    let job = &encoded.job;
    let id = number(job.id);
    let client = job.owner().as_str();
    let is_new = encoded.from_version == 0;
    if is_new {
        tables.jobs.put_new(id, encoded.bytes.clone());
        tables.by_client.insert_new((client, id), ());
        if let Some(key) = &job.idempotency_key {
            tables.keys.insert((client, key.as_str()), id);
        }
    } else {
        tables.jobs.put(id, encoded.bytes.clone());
    }
    if let Some(ended_ms) = encoded.revived_from_ms {
        tables.ended.remove((ended_ms, id));
    }
    if job.status.is_terminal() {
        if !is_new && encoded.revived_from_ms.is_none() {
            tables.live.remove(id);
        }
        tables.ended.insert((job.updated_at_ms, id), ());
    } else {
        let live = (client, job.timer_at_ms.unwrap_or(0));
        if is_new {
            tables.live.insert_new(id, live);
        } else {
            tables.live.insert(id, live);
        }
    }
    if job.status == JobStatus::Quarantined {
        tables.quarantined.insert(id, client);
    } else if encoded.revived_from_ms.is_some() {
        tables.quarantined.remove(id);
    }
}

/// Writes the queue rows of tasks as they are now. One that has been finished since has none.
pub(super) fn write_rows(shared: &Shared, tables: &mut Tables<'_>, tasks: &HashSet<TaskId>) {
    let index = shared.index.lock();
    for task in tasks {
        if let Some(entry) = index.entry(*task)
            && let Ok(bytes) = codec::pack(entry)
        {
            tables.queue.put(task.0.as_u128(), bytes.into());
        }
    }
}

/// Writes documents that have been verified.
pub(super) fn write_documents(
    tables: &mut Tables<'_>,
    changes: &[DocumentChange],
) -> Result<(), StoreError> {
    for change in changes {
        let key = (change.key.store.as_str(), change.key.key.as_str());
        match &change.value {
            Some(value) => {
                let bytes = codec::document_bytes(change.from_version + 1, value)?;
                tables.documents.put(key, bytes.into());
            }
            None => tables.documents.remove(key),
        }
    }
    Ok(())
}

/// Brings memory up to date with a batch that has become durable.
pub(super) fn remember(shared: &Shared, encoded: Encoded) {
    let Encoded { batch, jobs, .. } = encoded;
    let now_ms = batch.job.updated_at_ms;
    let is_far = waits_long(shared, &batch);
    for encoded in &jobs {
        remember_job(shared, encoded, is_far);
    }
    let mut index = shared.index.lock();
    for encoded in &jobs {
        index.set_job_timer(encoded.job.id, encoded.job.timer_at_ms);
    }
    for change in batch.tasks {
        match change {
            TaskChange::Add(task, entry) => {
                if !is_far && task.params.len() <= lookup::CACHED_BYTES_MAX {
                    shared.tasks.put(task.id, Arc::from(task));
                }
                index.add(entry, now_ms);
            }
            TaskChange::Retry {
                task, ready_at_ms, ..
            } => {
                index.retry(task, ready_at_ms, now_ms);
            }
            TaskChange::Finish { task, .. } => {
                shared.tasks.remove(task);
                index.finish(task);
            }
        }
    }
}

/// Whether all that goes on with a new job is behind more tasks than the caches hold: nobody will
/// ask for it soon, and others would be lost for it.
fn waits_long(shared: &Shared, batch: &Batch) -> bool {
    if batch.from_version != 0 || batch.tasks.is_empty() {
        return false;
    }
    let index = shared.index.lock();
    batch.tasks.iter().all(|change| match change {
        TaskChange::Add(_, entry) => {
            index.queued_of(&entry.task_type) > lookup::CACHED_RECORDS as u64
        }
        TaskChange::Retry { .. } | TaskChange::Finish { .. } => false,
    })
}

fn remember_job(shared: &Shared, encoded: &EncodedJob, is_far: bool) {
    let job = &encoded.job;
    let revived = encoded.revived_from_ms.is_some();
    if !revived || !job.status.is_terminal() {
        let appears = encoded.from_version == 0 || revived;
        shared.census.lock().note(job, appears);
    }
    // One that has ended is seldom asked for again, and most jobs have ended.
    let is_wanted = !job.status.is_terminal() && !is_far;
    if is_wanted && encoded.bytes.len() <= lookup::CACHED_BYTES_MAX {
        shared.jobs.put(job.id, Arc::clone(job));
    } else if encoded.from_version > 0 {
        shared.jobs.remove(job.id);
    }
}

#[cfg(test)]
mod tests {
    use avtomatika_engine::storage::Store as _;

    use super::super::faults_tests::{NOW_MS, new};
    use super::super::{Embedded, EmbeddedOptions};
    use super::*;

    #[tokio::test]
    async fn a_job_behind_more_tasks_than_the_caches_hold_is_not_cached_but_there() {
        let dir = tempfile::tempdir().unwrap();
        let store = Embedded::open(EmbeddedOptions::new(dir.path()), NOW_MS).unwrap();
        let near = new(1, "1");
        let (near_id, far) = (near.job.id, new(2, "2"));
        let far_id = far.job.id;
        store.commit(near).await.unwrap();
        assert!(store.shared.jobs.get(near_id).is_some());
        {
            let mut index = store.shared.index.lock();
            let entry = index.entry(TaskId(uuid::Uuid::from_u128(1))).cloned();
            for number in 10..=10 + lookup::CACHED_RECORDS as u128 {
                let mut entry = entry.clone().unwrap();
                entry.task_id = TaskId(uuid::Uuid::from_u128(number));
                index.add(entry, NOW_MS);
            }
        }
        store.commit(far).await.unwrap();
        let task = TaskId(uuid::Uuid::from_u128(2));
        assert!(store.shared.jobs.get(far_id).is_none());
        assert!(store.shared.tasks.get(task).is_none());
        assert_eq!(store.job(far_id).await.unwrap().unwrap().version, 1);
        assert!(store.task(task).await.unwrap().is_some());
    }
}
