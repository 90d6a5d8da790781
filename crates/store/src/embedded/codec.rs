//! Records as bytes.

use std::sync::Arc;

use avtomatika_engine::machine::Job;
use avtomatika_engine::storage::{Batch, Document, QueueEntry, StoreError, Task, TaskChange};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

const VERSION_BYTES: usize = 8;

/// A batch whose records are bytes already.
pub(super) struct Encoded {
    pub(super) batch: Batch,
    /// The batch's job first, then the others it writes.
    pub(super) jobs: Vec<EncodedJob>,
    pub(super) tasks: Vec<(u128, Bytes, Bytes)>,
    /// What it tells, if it tells anything.
    pub(super) history: Option<Bytes>,
}

/// A job as bytes.
pub(super) struct EncodedJob {
    pub(super) job: Arc<Job>,
    pub(super) from_version: u64,
    /// When it had ended before.
    pub(super) revived_from_ms: Option<u64>,
    pub(super) bytes: Bytes,
}

impl Encoded {
    pub(super) fn new(batch: Batch) -> Result<Self, StoreError> {
        let jobs = batch
            .jobs()
            .enumerate()
            .map(|(place, (job, from_version))| {
                let mut bytes = job.version.to_le_bytes().to_vec();
                rmp_serde::encode::write_named(&mut bytes, job.as_ref())
                    .map_err(|error| StoreError::broken("encode a job", error))?;
                Ok(EncodedJob {
                    job: Arc::clone(job),
                    from_version,
                    revived_from_ms: batch.revived_from_ms.filter(|_| place == 0),
                    bytes: bytes.into(),
                })
            })
            .collect::<Result<_, StoreError>>()?;
        let tasks = batch
            .tasks
            .iter()
            .filter_map(|change| match change {
                TaskChange::Add(task, entry) => Some(pack(task.as_ref()).and_then(|bytes| {
                    Ok((task.id.0.as_u128(), bytes.into(), pack(entry)?.into()))
                })),
                TaskChange::Retry { .. } | TaskChange::Finish { .. } => None,
            })
            .collect::<Result<_, StoreError>>()?;
        let history = (!batch.history.is_empty())
            .then(|| pack(&batch.history).map(Bytes::from))
            .transpose()?;
        Ok(Self {
            batch,
            jobs,
            tasks,
            history,
        })
    }

    /// About what it takes on disk.
    pub(super) fn bytes(&self) -> u64 {
        let tasks = self.tasks.iter();
        let tasks: usize = tasks.map(|(_, task, entry)| task.len() + entry.len()).sum();
        let jobs: usize = self.jobs.iter().map(|job| job.bytes.len()).sum();
        (jobs + tasks + self.history.as_ref().map_or(0, Bytes::len)) as u64
    }
}

pub(super) fn pack<T: Serialize>(record: &T) -> Result<Vec<u8>, StoreError> {
    rmp_serde::to_vec_named(record).map_err(|error| StoreError::broken("encode a record", error))
}

pub(super) fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    rmp_serde::from_slice(bytes).map_err(|error| StoreError::broken("decode a record", error))
}

/// The version at the head of a versioned record.
pub(super) fn version(bytes: &[u8]) -> u64 {
    bytes
        .get(..VERSION_BYTES)
        .and_then(|head| head.try_into().ok())
        .map_or(0, u64::from_le_bytes)
}

pub(super) fn job(bytes: &[u8]) -> Result<Job, StoreError> {
    unpack(bytes.get(VERSION_BYTES..).unwrap_or_default())
}

pub(super) fn task(bytes: &[u8]) -> Result<Task, StoreError> {
    unpack(bytes)
}

pub(super) fn entry(bytes: &[u8]) -> Result<QueueEntry, StoreError> {
    unpack(bytes)
}

pub(super) fn document_bytes(
    version: u64,
    value: &serde_json::Value,
) -> Result<Vec<u8>, StoreError> {
    let mut bytes = version.to_le_bytes().to_vec();
    serde_json::to_writer(&mut bytes, value)
        .map_err(|error| StoreError::broken("encode a document", error))?;
    Ok(bytes)
}

pub(super) fn document(bytes: &[u8]) -> Result<Document, StoreError> {
    let value = serde_json::from_slice(bytes.get(VERSION_BYTES..).unwrap_or_default())
        .map_err(|error| StoreError::broken("decode a document", error))?;
    Ok(Document {
        version: version(bytes),
        value,
    })
}
