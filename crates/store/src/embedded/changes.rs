//! What has changed in one table and is not in the file yet.

use std::collections::BTreeMap;
use std::collections::btree_map::Iter;
use std::ops::RangeBounds;

use bytes::Bytes;
use redb::{Table, TableError, Value, WriteTransaction};

use super::keyed::Keyed;
use super::log::{Damaged, Reader, Writing};

/// A map entry's own cost beside key and value, bytes: an estimate, to bound memory by.
const ENTRY_BYTES: usize = 96;

/// Rows written (a value's bytes) or deleted (`None`).
#[derive(Debug)]
pub(super) struct Changes<K: Keyed> {
    rows: BTreeMap<K::Owned, Option<Bytes>>,
    bytes: usize,
}

impl<K: Keyed> Default for Changes<K> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            bytes: 0,
        }
    }
}

impl<K: Keyed> Changes<K> {
    /// Notes a row's new value, or that it is gone.
    pub(super) fn note(&mut self, key: K::Owned, value: Option<Bytes>) {
        let heap_bytes = K::heap_bytes(&key);
        let length = value.as_ref().map_or(0, Bytes::len);
        match self.rows.insert(key, value) {
            None => self.bytes += ENTRY_BYTES + heap_bytes + length,
            Some(old) => {
                let old = old.map_or(0, |old| old.len());
                self.bytes = self.bytes.saturating_sub(old) + length;
            }
        }
    }

    /// What is known of a row: nothing, that it is gone, or its value.
    pub(super) fn get(&self, key: &K::Owned) -> Option<Option<&Bytes>> {
        self.rows.get(key).map(Option::as_ref)
    }

    /// Changed rows in order.
    pub(super) fn range(
        &self,
        range: impl RangeBounds<K::Owned>,
    ) -> impl DoubleEndedIterator<Item = (&K::Owned, Option<&Bytes>)> {
        self.rows
            .range(range)
            .map(|(key, value)| (key, value.as_ref()))
    }

    /// Changed keys in order, and whether their rows are there.
    pub(super) fn keys(
        &self,
        range: impl RangeBounds<K::Owned>,
    ) -> impl DoubleEndedIterator<Item = (&K::Owned, bool)> {
        self.range(range).map(|(key, value)| (key, value.is_some()))
    }

    fn iter(&self) -> Iter<'_, K::Owned, Option<Bytes>> {
        self.rows.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// About what it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes later changes over.
    pub(super) fn merge(&mut self, later: Self) {
        if self.rows.is_empty() {
            *self = later;
            return;
        }
        for (key, value) in later.rows {
            self.note(key, value);
        }
    }

    /// Writes all of it into the file's table.
    pub(super) fn apply<V: Value + 'static>(
        &self,
        write: &WriteTransaction,
        table: redb::TableDefinition<'_, K, V>,
    ) -> Result<(), redb::Error> {
        if self.is_empty() {
            return Ok(());
        }
        let mut table: Table<'_, K, V> = write
            .open_table(table)
            .map_err(|error: TableError| redb::Error::from(error))?;
        for (key, value) in self.iter() {
            match value {
                Some(bytes) => {
                    table.insert(K::lent(key), V::from_bytes(bytes))?;
                }
                None => {
                    table.remove(K::lent(key))?;
                }
            }
        }
        Ok(())
    }

    /// Writes all of it into a record of the log.
    pub(super) fn encode(&self, number: u8, record: &mut Writing) {
        if self.is_empty() {
            return;
        }
        record.table(number, self.rows.len());
        for (key, value) in self.iter() {
            record.bytes(K::as_bytes(&K::lent(key)).as_ref());
            record.value(value.as_deref());
        }
    }

    /// Reads so many rows back from a record of the log.
    pub(super) fn decode(&mut self, rows: usize, record: &mut Reader<'_>) -> Result<(), Damaged> {
        for _ in 0..rows {
            let key = record.bytes()?;
            let key = K::owned(&K::from_bytes(key));
            let value = record.value()?.map(Bytes::copy_from_slice);
            self.note(key, value);
        }
        Ok(())
    }
}
