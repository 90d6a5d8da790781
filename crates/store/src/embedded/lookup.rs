//! Reads.

use std::ops::{Bound, RangeBounds};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_engine::history::HistoryEvent;
use avtomatika_engine::machine::Job;
use avtomatika_engine::storage::{Document, StoreError, Task};
use avtomatika_protocol::{ClientId, JobId, TaskId};
use redb::{ReadTransaction, ReadableDatabase};

use super::block::Block;
use super::blocks;
use super::changes::Changes;
use super::keyed::Keyed;
use super::merge::merged;
use super::recent::Recent;
use super::tables::{Layer, Rows};
use super::{Shared, codec, tables};

/// Decoded jobs, and tasks, kept in memory.
pub(super) const CACHED_RECORDS: usize = 4_096;
/// Records larger than this are not cached, bytes.
pub(super) const CACHED_BYTES_MAX: usize = 64 << 10;
/// How often a read that failed is looked at again: after a failed write redb refuses reads until
/// the writer has opened the file anew, which takes milliseconds.
const TRIES_MAX: u32 = 40;
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(5);

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::broken("read the store", error)
}

/// Layers of changed keys, lent.
fn borrowed<T>(layers: &[Vec<(T, bool)>; 2]) -> [Option<impl Iterator<Item = (&T, bool)>>; 2] {
    layers
        .each_ref()
        .map(|layer| Some(layer.iter().map(|(key, is_there)| (key, *is_there))))
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
            let result = self.database().and_then(|database| {
                // Held on to while it is read from: see `Shared::reopen`.
                let read = database.begin_read().map_err(failed)?;
                act(&read)
            });
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

    /// Reads one row: what is in memory on top of the file, else the file's.
    fn row<K: Keyed, V: redb::Value + 'static, T>(
        &self,
        pick: fn(&Layer) -> &Changes<K>,
        rows: Rows<K, V>,
        recent: Option<&Recent<K>>,
        key: &K::SelfType<'_>,
        act: impl Fn(V::SelfType<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let key = K::owned(key);
        let known = {
            let layers = self.layers.read();
            let frozen = layers.frozen.as_deref();
            pick(&layers.active)
                .get(&key)
                .or_else(|| frozen.and_then(|frozen| pick(frozen).get(&key)))
                .map(Option::<&bytes::Bytes>::cloned)
        };
        if let Some(value) = known {
            return value.map(|bytes| act(V::from_bytes(&bytes))).transpose();
        }
        // What has gone from memory since then went into the file by this checkpoint or before.
        let checkpoint = self.checkpoint.load(Ordering::Acquire);
        let find = |block: &[u8]| {
            let block = Block::read(block).map_err(failed)?;
            let value = block.find::<K>(&key).map_err(failed)?;
            value.map(|bytes| act(V::from_bytes(bytes))).transpose()
        };
        if let Some(block) = recent.and_then(|recent| recent.get(&key, checkpoint)) {
            return find(&block);
        }
        self.read(|read| {
            let table = read.open_table(rows.packed()).map_err(failed)?;
            let Some((_, block)) = blocks::block_of(&table, &key).map_err(failed)? else {
                return Ok(None);
            };
            let block = block.value();
            if let Some(recent) = recent {
                recent.put(block, checkpoint).map_err(failed)?;
            }
            find(block)
        })
    }

    /// The changed keys of a table, newest layer first. To be taken before the file is looked at,
    /// so that nothing is missed that goes from here to there.
    fn changed<K: Keyed>(
        &self,
        pick: fn(&Layer) -> &Changes<K>,
        range: impl RangeBounds<K::Owned> + Clone,
    ) -> [Vec<(K::Owned, bool)>; 2] {
        let layers = self.layers.read();
        let keys = |layer: &Layer| -> Vec<_> {
            let keys = pick(layer).keys(range.clone());
            keys.map(|(key, is_there)| (key.clone(), is_there))
                .collect()
        };
        let frozen = layers.frozen.as_deref();
        [keys(&layers.active), frozen.map(keys).unwrap_or_default()]
    }

    pub(super) fn job(&self, id: JobId) -> Result<Option<Arc<Job>>, StoreError> {
        if let Some(job) = self.jobs.get(id) {
            return Ok(Some(job));
        }
        // Before anything is looked at, so that whatever becomes durable after it is noticed.
        let epoch = self.jobs.epoch(id);
        let number = id.0.as_u128();
        self.row(
            |layer| &layer.jobs,
            tables::JOBS,
            Some(&self.recent_jobs),
            &number,
            |bytes| {
                let job = Arc::new(codec::job(bytes)?);
                if bytes.len() <= CACHED_BYTES_MAX {
                    self.jobs.put_read(id, Arc::clone(&job), epoch);
                }
                Ok(job)
            },
        )
    }

    pub(super) fn job_of_key(
        &self,
        client: &ClientId,
        key: &str,
    ) -> Result<Option<JobId>, StoreError> {
        let key = (client.as_str(), key);
        self.row(
            |layer| &layer.keys,
            tables::KEYS,
            None,
            &key,
            |id| Ok(JobId(uuid::Uuid::from_u128(id))),
        )
    }

    pub(super) fn jobs_of(
        &self,
        client: &ClientId,
        limit: usize,
        offset: usize,
    ) -> Result<Vec<Arc<Job>>, StoreError> {
        let name: Box<str> = client.as_str().into();
        let range = (
            Bound::Included((name.clone(), u128::MIN)),
            Bound::Included((name, u128::MAX)),
        );
        let layers = self.changed(|layer| &layer.by_client, range.clone());
        let ids = self.read(|read| {
            let table = read
                .open_table(tables::BY_CLIENT.packed())
                .map_err(failed)?;
            let mine = blocks::keys(&table, range.clone(), true).map_err(failed)?;
            let newest_first = |a: &_, b: &_| Ord::cmp(b, a);
            let wanted = offset.saturating_add(limit);
            merged::<(&str, u128), _, _>(mine, borrowed(&layers), newest_first, wanted)
                .map_err(failed)
        })?;
        ids.into_iter()
            .skip(offset)
            .filter_map(|(_, id)| self.job(JobId(uuid::Uuid::from_u128(id))).transpose())
            .collect()
    }

    pub(super) fn task(&self, id: TaskId) -> Result<Option<Arc<Task>>, StoreError> {
        if let Some(task) = self.tasks.get(id) {
            return Ok(Some(task));
        }
        let number = id.0.as_u128();
        self.row(
            |layer| &layer.tasks,
            tables::TASKS,
            Some(&self.recent_tasks),
            &number,
            |bytes| codec::task(bytes).map(Arc::new),
        )
    }

    pub(super) fn document(&self, key: &DocumentKey) -> Result<Option<Document>, StoreError> {
        let key = (key.store.as_str(), key.key.as_str());
        self.row(
            |layer| &layer.documents,
            tables::DOCUMENTS,
            None,
            &key,
            codec::document,
        )
    }

    pub(super) fn counter(&self, name: &str) -> Result<u64, StoreError> {
        let spent = self.row(|layer| &layer.counters, tables::COUNTERS, None, &name, Ok)?;
        Ok(spent.unwrap_or(0))
    }

    pub(super) fn quarantined(
        &self,
        client: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<JobId>, StoreError> {
        let layers = self.changed(|layer| &layer.quarantined, ..);
        let ids = self.read(|read| {
            let table = read
                .open_table(tables::QUARANTINED.packed())
                .map_err(failed)?;
            let all = (Bound::Unbounded, Bound::Unbounded);
            let file = blocks::keys(&table, all, true).map_err(failed)?;
            let newest_first = |a: &u128, b: &u128| b.cmp(a);
            // All of them if most are somebody else's.
            let wanted = client.map_or(limit, |_| usize::MAX);
            merged::<u128, _, _>(file, borrowed(&layers), newest_first, wanted).map_err(failed)
        })?;
        let mut found = Vec::new();
        for id in ids {
            if found.len() == limit {
                break;
            }
            let owned = |owner: &str| Ok(client.is_none_or(|client| client.as_str() == owner));
            let row = self.row(
                |layer| &layer.quarantined,
                tables::QUARANTINED,
                None,
                &id,
                owned,
            )?;
            if row == Some(true) {
                found.push(JobId(uuid::Uuid::from_u128(id)));
            }
        }
        Ok(found)
    }

    pub(super) fn outbox(&self, max: usize) -> Result<Vec<(u64, Vec<HistoryEvent>)>, StoreError> {
        let first = self.forgotten.load(Ordering::Acquire).saturating_add(1);
        let layers = self.changed(|layer| &layer.outbox, first..);
        let numbers = self.read(|read| {
            let table = read.open_table(tables::OUTBOX.packed()).map_err(failed)?;
            let range = (Bound::Included(first), Bound::Unbounded);
            let file = blocks::keys(&table, range, false).map_err(failed)?;
            merged::<u64, _, _>(file, borrowed(&layers), Ord::cmp, max).map_err(failed)
        })?;
        let mut entries = Vec::new();
        for number in numbers {
            let events = self.row(
                |layer| &layer.outbox,
                tables::OUTBOX,
                None,
                &number,
                codec::unpack,
            )?;
            entries.extend(events.map(|events| (number, events)));
        }
        Ok(entries)
    }
}
