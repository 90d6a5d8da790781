//! Writing one batch into the open transaction, and into memory once it is durable.

use std::collections::HashMap;
use std::sync::Arc;

use avtomatika_engine::storage::{DocumentChange, QueueEntry, StoreError, TaskChange};
use avtomatika_protocol::{JobId, JobStatus, TaskId};
use redb::{ReadableTable, Table, WriteTransaction};

use super::codec::{self, Encoded, EncodedJob};
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
    pub(super) quarantined: Table<'t, u128, &'static str>,
    pub(super) counters: Table<'t, &'static str, u64>,
    pub(super) outbox: Table<'t, u64, &'static [u8]>,
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
            quarantined: write.open_table(tables::QUARANTINED)?,
            counters: write.open_table(tables::COUNTERS)?,
            outbox: write.open_table(tables::OUTBOX)?,
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
    told: &mut u64,
) -> Result<Result<(), StoreError>, redb::Error> {
    for job in &encoded.jobs {
        write_job(tables, job)?;
    }
    if let Some(spend) = &encoded.batch.spend {
        let counter = spend.counter.as_str();
        let spent = tables.counters.get(counter)?.map_or(0, |row| row.value());
        tables.counters.insert(counter, spent + 1)?;
    }
    if let Some(history) = &encoded.history {
        tables.outbox.insert(*told, history.as_slice())?;
        *told += 1;
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
    write_documents(tables, &encoded.batch.documents)
}

fn write_job(tables: &mut Tables<'_>, encoded: &EncodedJob) -> Result<(), redb::Error> {
    let job = &encoded.job;
    let id = number(job.id);
    let client = job.owner().as_str();
    let is_new = encoded.from_version == 0;
    tables.jobs.insert(id, encoded.bytes.as_slice())?;
    if is_new {
        tables.by_client.insert((client, id), ())?;
        if let Some(key) = &job.idempotency_key {
            tables.keys.insert((client, key.as_str()), id)?;
        }
    }
    if let Some(ended_ms) = encoded.revived_from_ms {
        tables.ended.remove((ended_ms, id))?;
    }
    if job.status.is_terminal() {
        if !is_new && encoded.revived_from_ms.is_none() {
            tables.live.remove(id)?;
        }
        tables.ended.insert((job.updated_at_ms, id), ())?;
    } else {
        tables
            .live
            .insert(id, (client, job.timer_at_ms.unwrap_or(0)))?;
    }
    if job.status == JobStatus::Quarantined {
        tables.quarantined.insert(id, client)?;
    } else if encoded.revived_from_ms.is_some() {
        tables.quarantined.remove(id)?;
    }
    Ok(())
}

/// Writes documents that have been verified.
pub(super) fn write_documents(
    tables: &mut Tables<'_>,
    changes: &[DocumentChange],
) -> Result<Result<(), StoreError>, redb::Error> {
    for change in changes {
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
    let Encoded { batch, jobs, .. } = encoded;
    let now_ms = batch.job.updated_at_ms;
    for encoded in &jobs {
        remember_job(shared, encoded);
    }
    let mut index = shared.index.lock();
    for encoded in &jobs {
        index.set_job_timer(encoded.job.id, encoded.job.timer_at_ms);
    }
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

fn remember_job(shared: &Shared, encoded: &EncodedJob) {
    let job = &encoded.job;
    let revived = encoded.revived_from_ms.is_some();
    if !revived || !job.status.is_terminal() {
        let appears = encoded.from_version == 0 || revived;
        shared.census.lock().note(job, appears);
    }
    if encoded.bytes.len() <= lookup::CACHED_BYTES_MAX {
        shared.jobs.put(job.id, Arc::clone(job));
    } else {
        shared.jobs.remove(job.id);
    }
}
