//! Records as bytes.

use std::sync::Arc;

use avtomatika_engine::machine::Job;
use avtomatika_engine::storage::{
    Batch, Document, DocumentChange, QueueEntry, StoreError, Task, TaskChange,
};
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
        let mut pieces = Pieces::default();
        for (job, _) in batch.jobs() {
            pieces.add(|buffer| {
                buffer.extend(job.version.to_le_bytes());
                rmp_serde::encode::write_named(buffer, job.as_ref())
            })?;
        }
        for change in &batch.tasks {
            if let TaskChange::Add(task, entry) = change {
                pieces.add(|buffer| rmp_serde::encode::write_named(buffer, task.as_ref()))?;
                pieces.add(|buffer| rmp_serde::encode::write_named(buffer, entry))?;
            }
        }
        if !batch.history.is_empty() {
            pieces.add(|buffer| rmp_serde::encode::write_named(buffer, &batch.history))?;
        }
        let mut pieces = pieces.cut();
        let mut next = || pieces.next().unwrap_or_default();
        let jobs = batch
            .jobs()
            .enumerate()
            .map(|(place, (job, from_version))| EncodedJob {
                job: Arc::clone(job),
                from_version,
                revived_from_ms: batch.revived_from_ms.filter(|_| place == 0),
                bytes: next(),
            })
            .collect();
        let tasks = batch
            .tasks
            .iter()
            .filter_map(|change| match change {
                TaskChange::Add(task, _) => Some((task.id.0.as_u128(), next(), next())),
                TaskChange::Retry { .. } | TaskChange::Finish { .. } => None,
            })
            .collect();
        let history = (!batch.history.is_empty()).then(next);
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
        let history = self.history.as_ref().map_or(0, Bytes::len);
        (jobs + tasks + history) as u64 + documents_bytes(&self.batch.documents)
    }
}

/// About what changed documents take on disk.
pub(super) fn documents_bytes(changes: &[DocumentChange]) -> u64 {
    fn text_bytes(value: &serde_json::Value) -> usize {
        match value {
            serde_json::Value::Null | serde_json::Value::Bool(_) => 4,
            serde_json::Value::Number(_) => 8,
            serde_json::Value::String(text) => text.len() + 2,
            serde_json::Value::Array(items) => {
                2 + items.iter().map(|item| text_bytes(item) + 1).sum::<usize>()
            }
            serde_json::Value::Object(fields) => {
                let field = |(name, value): (&String, _)| name.len() + 4 + text_bytes(value);
                2 + fields.iter().map(field).sum::<usize>()
            }
        }
    }
    let values = changes.iter().filter_map(|change| change.value.as_ref());
    values.map(|value| text_bytes(value) as u64).sum()
}

/// Records one after the other in one buffer.
struct Pieces {
    buffer: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

/// What most batches come to, bytes.
const BATCH_BYTES: usize = 2 << 10;
/// Records that are more than this together are kept one by one: in a common piece of memory the
/// smallest would hold on to all of them, bytes.
const TOGETHER_BYTES_MAX: usize = 8 << 10;

impl Default for Pieces {
    fn default() -> Self {
        Self {
            buffer: Vec::with_capacity(BATCH_BYTES),
            ends: Vec::new(),
        }
    }
}

impl Pieces {
    fn add(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), rmp_serde::encode::Error>,
    ) -> Result<(), StoreError> {
        write(&mut self.buffer).map_err(|error| StoreError::broken("encode a record", error))?;
        self.ends.push(self.buffer.len());
        Ok(())
    }

    /// The records, in their order.
    fn cut(self) -> impl Iterator<Item = Bytes> {
        let Self { buffer, ends } = self;
        let whole = (buffer.len() <= TOGETHER_BYTES_MAX).then(|| Bytes::copy_from_slice(&buffer));
        let mut start = 0;
        ends.into_iter().map(move |end| {
            let range = std::mem::replace(&mut start, end)..end;
            match &whole {
                Some(whole) => whole.slice(range),
                None => Bytes::copy_from_slice(buffer.get(range).unwrap_or_default()),
            }
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(lengths: &[usize]) -> Vec<Bytes> {
        let mut pieces = Pieces::default();
        for length in lengths {
            let write = |buffer: &mut Vec<u8>| {
                buffer.resize(buffer.len() + length, length.to_le_bytes()[0]);
                Ok(())
            };
            pieces.add(write).unwrap();
        }
        pieces.cut().collect()
    }

    #[test]
    fn small_records_share_memory_and_large_ones_hold_on_to_nothing_else() {
        for (lengths, shared) in [([3, 0, 5], true), ([3, 5, TOGETHER_BYTES_MAX], false)] {
            let records = cut(&lengths);
            let found: Vec<usize> = records.iter().map(Bytes::len).collect();
            assert_eq!(found, lengths);
            for record in &records {
                let byte = record.len().to_le_bytes()[0];
                assert!(record.iter().all(|other| *other == byte));
            }
            let first_end = records[0].as_ptr_range().end;
            let next = records.iter().skip(1).find(|record| !record.is_empty());
            assert_eq!(next.unwrap().as_ptr() == first_end, shared);
        }
    }
}
