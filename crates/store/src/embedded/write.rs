//! Writing one batch into the open transaction, and into memory once it is durable.

use std::collections::HashMap;
use std::sync::Arc;

use avtomatika_engine::storage::{QueueEntry, StoreError, TaskChange};
use avtomatika_protocol::{JobId, TaskId};
use redb::{Table, WriteTransaction};

use super::codec::{self, Encoded};
use super::{Shared, lookup, tables};

/// The tables of one write transaction.
pub(super) struct Tables<'t> {
    pub(super) jobs: Table<'t, u128, &'static [u8]>,
    pub(super) by_client: Table<'t, (&'static str, u128), ()>,
    pub(super) live: Table<'t, u128, (&'static str, u64)>,
    pub(super) ended: Table<'t, (u64, u128), ()>,
    pub(super) keys: Table<'t, (&'static str, &'static str), u128>,
    pub(super) tasks: Table<'t, u128, &'static [u8]>,
    pub(super) queue: Table<'t, u128, &'static [u8]>,
    pub(super) documents: Table<'t, (&'static str, &'static str), &'static [u8]>,
    pub(super) workers: Table<'t, &'static str, &'static [u8]>,
}

impl<'t> Tables<'t> {
    pub(super) fn open(write: &'t WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            jobs: write.open_table(tables::JOBS)?,
            by_client: write.open_table(tables::BY_CLIENT)?,
            live: write.open_table(tables::LIVE)?,
            ended: write.open_table(tables::ENDED)?,
            keys: write.open_table(tables::KEYS)?,
            tasks: write.open_table(tables::TASKS)?,
            queue: write.open_table(tables::QUEUE)?,
            documents: write.open_table(tables::DOCUMENTS)?,
            workers: write.open_table(tables::WORKERS)?,
        })
    }
}

pub(super) fn number(job: JobId) -> u128 {
    job.0.as_u128()
}

/// Writes a batch that has been verified. Queue rows of hand-outs that are still unwritten are
/// taken into account: a finished task's is dropped.
pub(super) fn write(
    shared: &Shared,
    tables: &mut Tables<'_>,
    encoded: &Encoded,
    unwritten: &mut HashMap<TaskId, QueueEntry>,
) -> Result<Result<(), StoreError>, redb::Error> {
    let job = &encoded.job;
    let id = number(job.id);
    let client = job.owner().as_str();
    let is_new = encoded.batch.from_version == 0;
    tables.jobs.insert(id, encoded.job_bytes.as_slice())?;
    if is_new {
        tables.by_client.insert((client, id), ())?;
        if let Some(key) = &job.idempotency_key {
            tables.keys.insert((client, key.as_str()), id)?;
        }
    }
    if job.status.is_terminal() {
        if !is_new {
            tables.live.remove(id)?;
        }
        tables.ended.insert((job.updated_at_ms, id), ())?;
    } else {
        tables
            .live
            .insert(id, (client, job.retry_at_ms.unwrap_or(0)))?;
    }
    for (task, task_bytes, entry_bytes) in &encoded.tasks {
        tables.tasks.insert(task, task_bytes.as_slice())?;
        tables.queue.insert(task, entry_bytes.as_slice())?;
    }
    for change in &encoded.batch.tasks {
        match change {
            TaskChange::Add(..) => {}
            TaskChange::Retry {
                task, ready_at_ms, ..
            } => {
                unwritten.remove(task);
                let Some(mut entry) = shared.index.lock().entry(*task).cloned() else {
                    continue;
                };
                entry.lease = None;
                entry.ready_at_ms = *ready_at_ms;
                match codec::pack(&entry) {
                    Ok(bytes) => tables.queue.insert(task.0.as_u128(), bytes.as_slice())?,
                    Err(error) => return Ok(Err(error)),
                };
            }
            TaskChange::Finish { task, .. } => {
                unwritten.remove(task);
                tables.tasks.remove(task.0.as_u128())?;
                tables.queue.remove(task.0.as_u128())?;
            }
        }
    }
    write_documents(tables, encoded)
}

fn write_documents(
    tables: &mut Tables<'_>,
    encoded: &Encoded,
) -> Result<Result<(), StoreError>, redb::Error> {
    for change in &encoded.batch.documents {
        let key = (change.key.store.as_str(), change.key.key.as_str());
        match &change.value {
            Some(value) => match codec::document_bytes(change.from_version + 1, value) {
                Ok(bytes) => {
                    tables.documents.insert(key, bytes.as_slice())?;
                }
                Err(error) => return Ok(Err(error)),
            },
            None => {
                tables.documents.remove(key)?;
            }
        }
    }
    Ok(Ok(()))
}

/// Brings memory up to date with a batch that has become durable.
pub(super) fn remember(shared: &Shared, encoded: Encoded) {
    let Encoded {
        batch,
        job,
        job_bytes,
        ..
    } = encoded;
    let now_ms = job.updated_at_ms;
    shared.census.lock().note(&job, batch.from_version == 0);
    if job_bytes.len() <= lookup::CACHED_BYTES_MAX {
        shared.jobs.put(job.id, Arc::clone(&job));
    } else {
        shared.jobs.remove(job.id);
    }
    let mut index = shared.index.lock();
    index.set_job_retry(job.id, job.retry_at_ms);
    for change in batch.tasks {
        match change {
            TaskChange::Add(task, entry) => {
                if task.params.len() <= lookup::CACHED_BYTES_MAX {
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
