//! What has changed in one table and is not in the file yet.

use std::collections::BTreeMap;
use std::collections::btree_map::{Entry, Iter};
use std::ops::RangeBounds;

use bytes::Bytes;
use redb::WriteTransaction;

use super::blocks::{self, Packed};
use super::keyed::Keyed;
use super::log::{Damaged, Reader, Writing};
use super::rest;

/// A map entry's own cost beside key and value, bytes: an estimate, to bound memory by.
const ENTRY_BYTES: usize = 96;

/// What has become of a row.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// Written for the first time: what lies below knows nothing of it.
    New(Bytes),
    /// Written.
    Put(Bytes),
    /// Deleted.
    Gone,
}

impl Change {
    /// The row's value, if it is there.
    pub(super) fn value(&self) -> Option<&Bytes> {
        match self {
            Self::New(value) | Self::Put(value) => Some(value),
            Self::Gone => None,
        }
    }

    fn len(&self) -> usize {
        self.value().map_or(0, Bytes::len)
    }
}

/// Rows written or deleted.
#[derive(Debug)]
pub(super) struct Changes<K: Keyed> {
    rows: BTreeMap<K::Owned, Change>,
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
    /// Notes what has become of a row. One that was new here and is gone again has never been:
    /// most tasks never meet the file that way.
    pub(super) fn note(&mut self, key: K::Owned, change: Change) {
        let heap_bytes = K::heap_bytes(&key);
        let length = change.len();
        match self.rows.entry(key) {
            Entry::Vacant(place) => {
                place.insert(change);
                self.bytes += ENTRY_BYTES + heap_bytes + length;
            }
            Entry::Occupied(mut place) => {
                self.bytes = self.bytes.saturating_sub(place.get().len()) + length;
                match (place.get(), change) {
                    (Change::New(_), Change::Gone) => {
                        place.remove();
                        self.bytes = self.bytes.saturating_sub(ENTRY_BYTES + heap_bytes);
                    }
                    (Change::New(_), Change::Put(value)) => {
                        place.insert(Change::New(value));
                    }
                    // Whatever it says, something of this key may lie below.
                    (Change::Gone | Change::Put(_), Change::New(value)) => {
                        place.insert(Change::Put(value));
                    }
                    (_, change) => {
                        place.insert(change);
                    }
                }
            }
        }
    }

    /// What is known of a row: nothing, that it is gone, or its value.
    pub(super) fn get(&self, key: &K::Owned) -> Option<Option<&Bytes>> {
        self.rows.get(key).map(Change::value)
    }

    /// Frees the memory, piece by piece.
    pub(super) fn dismantle(self) {
        for row in self.rows {
            drop(row);
            rest::pause();
        }
    }

    /// Changed rows in order.
    pub(super) fn range(
        &self,
        range: impl RangeBounds<K::Owned>,
    ) -> impl DoubleEndedIterator<Item = (&K::Owned, Option<&Bytes>)> {
        self.rows
            .range(range)
            .map(|(key, change)| (key, change.value()))
    }

    /// Changed keys in order, and whether their rows are there.
    pub(super) fn keys(
        &self,
        range: impl RangeBounds<K::Owned>,
    ) -> impl DoubleEndedIterator<Item = (&K::Owned, bool)> {
        self.range(range).map(|(key, value)| (key, value.is_some()))
    }

    fn iter(&self) -> Iter<'_, K::Owned, Change> {
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
        for (key, change) in later.rows {
            self.note(key, change);
        }
    }

    /// Writes all of it into the file's table.
    pub(super) fn apply(
        &self,
        write: &WriteTransaction,
        table: Packed<K>,
    ) -> Result<(), redb::Error> {
        if self.is_empty() {
            return Ok(());
        }
        blocks::apply::<K>(&self.rows, &mut write.open_table(table)?)
    }

    /// Writes all of it into a record of the log.
    pub(super) fn encode(&self, number: u8, record: &mut Writing) {
        if self.is_empty() {
            return;
        }
        record.table(number, self.rows.len());
        for (key, change) in self.iter() {
            record.bytes(K::as_bytes(&K::lent(key)).as_ref());
            record.value(change.value().map(AsRef::as_ref));
        }
    }

    /// Reads so many rows back from a record of the log.
    pub(super) fn decode(&mut self, rows: usize, record: &mut Reader<'_>) -> Result<(), Damaged> {
        for _ in 0..rows {
            let key = record.bytes()?;
            let key = K::owned(&K::from_bytes(key));
            let value = record.value()?.map(Bytes::copy_from_slice);
            self.note(key, value.map_or(Change::Gone, Change::Put));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(byte: u8) -> Change {
        Change::New(Bytes::from(vec![byte]))
    }

    fn put(byte: u8) -> Change {
        Change::Put(Bytes::from(vec![byte]))
    }

    /// What is known of row 1 after these changes, and what it takes in memory.
    fn after(changes: &[Change]) -> (Option<Option<u8>>, usize) {
        let mut noted = Changes::<u128>::default();
        for change in changes {
            noted.note(1, change.clone());
        }
        let known = noted.get(&1).map(|value| value.map(|bytes| bytes[0]));
        (known, noted.bytes())
    }

    #[test]
    fn what_was_new_and_is_gone_has_never_been() {
        for (changes, known) in [
            (vec![new(1)], Some(Some(1))),
            (vec![new(1), Change::Gone], None),
            (vec![new(1), put(2), Change::Gone], None),
            (vec![put(1), Change::Gone], Some(None)),
            (vec![Change::Gone], Some(None)),
            // Whatever was deleted may lie below, so its deletion must be known.
            (vec![Change::Gone, new(1), Change::Gone], Some(None)),
            (vec![put(1), new(2), Change::Gone], Some(None)),
        ] {
            let (found, bytes) = after(&changes);
            assert_eq!(found, known, "{changes:?}");
            let value = known.flatten().map_or(0, |_| 1);
            let expected = known.map_or(0, |_| ENTRY_BYTES + value);
            assert_eq!(bytes, expected, "{changes:?}");
        }
    }

    #[test]
    fn layers_merge_as_if_all_had_come_one_by_one() {
        let all = [new(1), put(2), Change::Gone, new(3), Change::Gone, put(4)];
        for cut in 0..all.len() {
            let [mut lower, mut upper] = [Changes::<u128>::default(), Changes::default()];
            let (first, rest) = all.split_at(cut);
            first
                .iter()
                .for_each(|change| lower.note(1, change.clone()));
            rest.iter().for_each(|change| upper.note(1, change.clone()));
            lower.merge(upper);
            let known = lower.get(&1).map(|value| value.map(|bytes| bytes[0]));
            assert_eq!(known, Some(Some(4)), "{cut}");
        }
    }
}
