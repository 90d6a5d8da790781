//! Rows of the file, many to a block.
//!
//! What is written at the same time is asked for, changed and deleted at the same time: ids sort by
//! time, and so do most keys. redb does as much for a row as for a page, so it is given blocks of
//! neighbouring rows instead; a checkpoint brings all that has changed in a block at once.
//!
//! A block is stored under a key that is not above its first row's and above all rows' of the block
//! before. It is the number of its rows, then where the key and the value of each end, all of
//! these 4 bytes, little-endian, then keys and values in turn.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Bound;

use bytes::Bytes;
use redb::{AccessGuard, ReadableTable, StorageError, Table, TableDefinition, WriteTransaction};

use super::changes::Change;
use super::keyed::Keyed;
use super::rest;
use super::tables::Rows;

/// A table whose rows are in blocks.
pub(super) type Packed<K> = TableDefinition<'static, K, &'static [u8]>;
/// A block and its key, as redb lends them.
type Lent<'t, K> = (AccessGuard<'t, K>, AccessGuard<'t, &'static [u8]>);
type Range<T> = (Bound<T>, Bound<T>);
/// The first of something and the last.
pub(super) type Ends<T> = (T, T);

/// Above this a block is cut, bytes: with what redb adds it fills two of its pages. A row that is
/// larger has a block of its own.
const BLOCK_BYTES: usize = (8 << 10) - 128;
const NUMBER_BYTES: usize = 4;
/// What is taken over at once from a file without blocks: so many bytes of rows, each with about so
/// much beside.
const TAKEN_OVER_BYTES: usize = 4 << 20;
const ROW_BYTES: usize = 128;

/// A block that is read.
#[derive(Clone, Copy)]
pub(super) struct Block<'b> {
    ends: &'b [u8],
    data: &'b [u8],
}

fn damaged() -> redb::Error {
    redb::Error::Corrupted("a block of rows can't be read".to_owned())
}

fn number(bytes: &[u8], place: usize) -> Option<usize> {
    let bytes = bytes.get(place * NUMBER_BYTES..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

impl<'b> Block<'b> {
    /// A block without rows.
    const NONE: Self = Self {
        ends: &[],
        data: &[],
    };

    pub(super) fn read(bytes: &'b [u8]) -> Result<Self, redb::Error> {
        let count = number(bytes, 0).ok_or_else(damaged)?;
        let rest = bytes.get(NUMBER_BYTES..).ok_or_else(damaged)?;
        let (ends, data) = rest
            .split_at_checked(count.saturating_mul(2 * NUMBER_BYTES))
            .ok_or_else(damaged)?;
        Ok(Self { ends, data })
    }

    fn len(self) -> usize {
        self.ends.len() / (2 * NUMBER_BYTES)
    }

    fn row(self, place: usize) -> Result<(&'b [u8], &'b [u8]), redb::Error> {
        let row = || {
            let start = match place {
                0 => 0,
                _ => number(self.ends, 2 * place - 1)?,
            };
            let key_end = number(self.ends, 2 * place)?;
            let value_end = number(self.ends, 2 * place + 1)?;
            let key = self.data.get(start..key_end)?;
            Some((key, self.data.get(key_end..value_end)?))
        };
        row().ok_or_else(damaged)
    }

    /// Its rows in order: keys and values.
    pub(super) fn rows(
        self,
    ) -> impl DoubleEndedIterator<Item = Result<(&'b [u8], &'b [u8]), redb::Error>> {
        (0..self.len()).map(move |place| self.row(place))
    }

    /// The value of a row.
    pub(super) fn find<K: Keyed>(self, key: &K::Owned) -> Result<Option<&'b [u8]>, redb::Error> {
        let lent = K::lent(key);
        let key = K::as_bytes(&lent);
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            let (found, value) = self.row(middle)?;
            match K::compare(found, key.as_ref()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Ok(Some(value)),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// The keys of its first and its last row.
    pub(super) fn bounds<K: Keyed>(self) -> Result<Option<Ends<K::Owned>>, redb::Error> {
        let Some(last) = self.len().checked_sub(1) else {
            return Ok(None);
        };
        let key = |place| self.row(place).map(|(key, _)| owned::<K>(key));
        Ok(Some((key(0)?, key(last)?)))
    }
}

fn owned<K: Keyed>(key: &[u8]) -> K::Owned {
    K::owned(&K::from_bytes(key))
}

fn lent<K: Keyed>(bound: &Bound<K::Owned>) -> Bound<K::SelfType<'_>> {
    bound.as_ref().map(K::lent)
}

/// The block a row would be in.
pub(super) fn block_of<'t, K: Keyed>(
    table: &'t impl ReadableTable<K, &'static [u8]>,
    key: &K::Owned,
) -> Result<Option<Lent<'t, K>>, redb::Error> {
    let up_to = (Bound::Unbounded, Bound::Included(K::lent(key)));
    let mut blocks = table.range::<K::SelfType<'_>>(up_to)?;
    Ok(blocks.next_back().transpose()?)
}

/// A row's value.
pub(super) fn get<K: Keyed>(
    table: &impl ReadableTable<K, &'static [u8]>,
    key: &K::Owned,
) -> Result<Option<Bytes>, redb::Error> {
    let Some((_, block)) = block_of(table, key)? else {
        return Ok(None);
    };
    let found = Block::read(block.value())?.find::<K>(key)?;
    Ok(found.map(Bytes::copy_from_slice))
}

/// The keys of a range, from its beginning or from its end.
pub(super) fn keys<K: Keyed>(
    table: &impl ReadableTable<K, &'static [u8]>,
    range: Range<K::Owned>,
    backwards: bool,
) -> Result<impl Iterator<Item = Result<K::Owned, redb::Error>>, redb::Error> {
    let first = match &range.0 {
        Bound::Unbounded => None,
        Bound::Included(key) | Bound::Excluded(key) => block_of(table, key)?,
    };
    let first = first.map(|(start, _)| K::owned(&start.value()));
    let first = first.map_or(Bound::Unbounded, Bound::Included);
    let mut blocks = table.range::<K::SelfType<'_>>((lent::<K>(&first), lent::<K>(&range.1)))?;
    let next = move || {
        if backwards {
            blocks.next_back()
        } else {
            blocks.next()
        }
    };
    Ok(std::iter::from_fn(next).flat_map(move |block| keys_of(block, &range, backwards)))
}

/// The keys of a block that are in a range, in order of their use.
fn keys_of<K: Keyed>(
    block: Result<Lent<'_, K>, StorageError>,
    range: &Range<K::Owned>,
    backwards: bool,
) -> Vec<Result<K::Owned, redb::Error>> {
    let read = || -> Result<Vec<K::Owned>, redb::Error> {
        let (_, block) = block?;
        let mut keys = Vec::new();
        for row in Block::read(block.value())?.rows() {
            let key = owned::<K>(row?.0);
            if std::ops::RangeBounds::contains(range, &key) {
                keys.push(key);
            }
        }
        if backwards {
            keys.reverse();
        }
        Ok(keys)
    };
    match read() {
        Ok(keys) => keys.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    }
}

/// Brings changes into a table.
pub(super) fn apply<K: Keyed>(
    changes: &BTreeMap<K::Owned, Change>,
    table: &mut Table<'_, K, &'static [u8]>,
) -> Result<(), redb::Error> {
    let mut changes = changes.iter().peekable();
    while let Some((key, _)) = changes.peek() {
        let place = Place::of(table, key)?;
        let Some(blocks) = place.merged(&mut changes)? else {
            continue;
        };
        if let Some(start) = place.start.as_ref().filter(|_| blocks.is_empty()) {
            table.remove(K::lent(start))?;
        }
        for new in &blocks {
            rest::pause();
            let mut place = table.insert_reserve(K::from_bytes(&new.key), new.len())?;
            new.write(place.as_mut())?;
        }
    }
    Ok(())
}

/// Where rows go: a block, or a gap before the first one.
struct Place<K: Keyed> {
    /// What the block is stored under.
    start: Option<K::Owned>,
    block: Vec<u8>,
    /// Where the next block begins.
    until: Option<K::Owned>,
}

impl<K: Keyed> Place<K> {
    fn of(table: &Table<'_, K, &'static [u8]>, key: &K::Owned) -> Result<Self, redb::Error> {
        let (start, block) = match block_of(table, key)? {
            Some((start, block)) => (Some(K::owned(&start.value())), block.value().to_vec()),
            None => (None, Vec::new()),
        };
        let after = Bound::Excluded(K::lent(start.as_ref().unwrap_or(key)));
        let mut blocks = table.range::<K::SelfType<'_>>((after, Bound::Unbounded))?;
        let until = blocks.next().transpose()?;
        Ok(Self {
            until: until.map(|(next, _)| K::owned(&next.value())),
            start,
            block,
        })
    }

    fn is_here(&self, key: &K::Owned) -> bool {
        self.until.as_ref().is_none_or(|until| key < until)
    }

    /// The rows that are here with the changes that belong here, in blocks; nothing if they come to
    /// nothing.
    fn merged<'c>(
        &self,
        changes: &mut Peekable<impl Iterator<Item = (&'c K::Owned, &'c Change)> + Clone>,
    ) -> Result<Option<Vec<NewBlock>>, redb::Error>
    where
        K::Owned: 'c,
    {
        let block = match self.start {
            Some(_) => Block::read(&self.block)?,
            None => Block::NONE,
        };
        let mut packer = Packer::new(self.limit(changes.clone()));
        let mut rows = block.rows().peekable();
        let mut is_changed = false;
        while let Some((key, change)) = changes.next_if(|(key, _)| self.is_here(key)) {
            rest::pause();
            let lent = K::lent(key);
            let key = K::as_bytes(&lent);
            let key = key.as_ref();
            while let Some(row) = rows.next_if(|row| match row {
                Ok((before, _)) => K::compare(before, key).is_lt(),
                Err(_) => true,
            }) {
                let (before, value) = row?;
                packer.push(before, value);
            }
            let replaced = rows.next_if(|row| matches!(row, Ok((same, _)) if *same == key));
            is_changed |= replaced.is_some() || change.value().is_some();
            if let Some(value) = change.value() {
                packer.push(key, value);
            }
        }
        for row in rows {
            let (key, value) = row?;
            packer.push(key, value);
        }
        if !is_changed {
            return Ok(None);
        }
        let mut blocks = packer.finish();
        if let (Some(start), Some(first)) = (&self.start, blocks.first_mut()) {
            // It stays where it is.
            first.key = K::as_bytes(&K::lent(start)).as_ref().to_vec();
        }
        Ok(Some(blocks))
    }

    /// Up to how many bytes a block is filled: the last one of the table as far as it goes, since
    /// what comes will come after it. One in between has to be cut again when more comes, so it is
    /// cut evenly.
    fn limit<'c>(&self, changes: impl Iterator<Item = (&'c K::Owned, &'c Change)>) -> usize
    where
        K::Owned: 'c,
    {
        if self.until.is_none() {
            return BLOCK_BYTES;
        }
        let mine = changes.take_while(|(key, _)| self.is_here(key));
        let added: usize = mine
            .map(|(key, change)| {
                let lent = K::lent(key);
                let key_bytes = K::as_bytes(&lent).as_ref().len();
                let value_bytes = change.value().map_or(0, Bytes::len);
                2 * NUMBER_BYTES + key_bytes + value_bytes
            })
            .sum();
        let total = self.block.len() + added;
        let blocks = total.div_ceil(BLOCK_BYTES).max(1);
        (total / blocks + BLOCK_BYTES / 8).min(BLOCK_BYTES)
    }
}

/// A block that is to be written.
#[derive(Default)]
struct NewBlock {
    /// What it will be stored under.
    key: Vec<u8>,
    count: u32,
    ends: Vec<u8>,
    data: Vec<u8>,
}

impl NewBlock {
    fn len(&self) -> usize {
        NUMBER_BYTES + self.ends.len() + self.data.len()
    }

    fn push(&mut self, key: &[u8], value: &[u8]) {
        if self.count == 0 {
            self.key.extend_from_slice(key);
        }
        self.count += 1;
        for part in [key, value] {
            self.data.extend_from_slice(part);
            // Rows are far smaller: a record of the log has at most 4 GiB.
            let end = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
            self.ends.extend(end.to_le_bytes());
        }
    }

    /// Writes it where there is just room for it.
    fn write(&self, place: &mut [u8]) -> Result<(), redb::Error> {
        if place.len() != self.len() {
            return Err(damaged());
        }
        let (count, rest) = place.split_at_mut(NUMBER_BYTES);
        count.copy_from_slice(&self.count.to_le_bytes());
        let (ends, data) = rest.split_at_mut(self.ends.len());
        ends.copy_from_slice(&self.ends);
        data.copy_from_slice(&self.data);
        Ok(())
    }
}

/// Puts rows into blocks.
struct Packer {
    limit: usize,
    open: NewBlock,
    ready: Vec<NewBlock>,
}

impl Packer {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            open: NewBlock::default(),
            ready: Vec::new(),
        }
    }

    fn push(&mut self, key: &[u8], value: &[u8]) {
        let bytes = self.open.len() + 2 * NUMBER_BYTES + key.len() + value.len();
        if self.open.count > 0 && bytes > self.limit {
            self.ready.push(std::mem::take(&mut self.open));
        }
        self.open.push(key, value);
    }

    fn finish(mut self) -> Vec<NewBlock> {
        if self.open.count > 0 {
            self.ready.push(self.open);
        }
        self.ready
    }
}

/// Takes the rows of a table over that has them one by one.
pub(super) fn take_over<K: Keyed, V: redb::Value + 'static>(
    write: &WriteTransaction,
    rows: Rows<K, V>,
) -> Result<(), redb::Error> {
    {
        let old = write.open_table(rows.unpacked())?;
        let mut table = write.open_table(rows.packed())?;
        let mut changes = BTreeMap::new();
        let mut bytes = 0;
        for row in old.iter()? {
            let (key, value) = row?;
            let value = value.value();
            let value = Bytes::copy_from_slice(V::as_bytes(&value).as_ref());
            bytes += ROW_BYTES + value.len();
            changes.insert(K::owned(&key.value()), Change::Put(value));
            if bytes >= TAKEN_OVER_BYTES {
                apply::<K>(&std::mem::take(&mut changes), &mut table)?;
                bytes = 0;
            }
        }
        apply::<K>(&changes, &mut table)?;
    }
    write.delete_table(rows.unpacked())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::ops::RangeBounds as _;

    use proptest::prelude::*;
    use redb::backends::InMemoryBackend;
    use redb::{Database, ReadableDatabase as _, ReadableTableMetadata as _};

    use super::*;

    const TABLE: Packed<u128> = TableDefinition::new("table");
    const PAIRS: Packed<(&'static str, u128)> = TableDefinition::new("pairs");

    fn database() -> Database {
        let backend = InMemoryBackend::new();
        Database::builder().create_with_backend(backend).unwrap()
    }

    fn change<K: Keyed>(
        database: &Database,
        table: Packed<K>,
        changes: &BTreeMap<K::Owned, Change>,
    ) {
        let write = database.begin_write().unwrap();
        apply::<K>(changes, &mut write.open_table(table).unwrap()).unwrap();
        write.commit().unwrap();
    }

    /// The table holds what the model does, whichever way it is asked.
    fn same<K: Keyed>(
        database: &Database,
        table: Packed<K>,
        model: &BTreeMap<K::Owned, Bytes>,
        asked: &[K::Owned],
    ) {
        let read = database.begin_read().unwrap();
        let table = read.open_table(table).unwrap();
        for key in model.keys().chain(asked) {
            assert_eq!(
                get(&table, key).unwrap().as_ref(),
                model.get(key),
                "{key:?}"
            );
        }
        let mut bounds = vec![Bound::Unbounded];
        for key in asked.iter().take(3) {
            bounds.extend([Bound::Included(key.clone()), Bound::Excluded(key.clone())]);
        }
        for start in &bounds {
            for end in &bounds {
                let range = (start.clone(), end.clone());
                let mut expected: Vec<K::Owned> = model
                    .keys()
                    .filter(|key| range.contains(*key))
                    .cloned()
                    .collect();
                // Neither redb nor a map takes a range that ends before it starts.
                let is_range = match (start, end) {
                    (Bound::Excluded(a), Bound::Excluded(b)) => a < b,
                    (
                        Bound::Included(a) | Bound::Excluded(a),
                        Bound::Included(b) | Bound::Excluded(b),
                    ) => a <= b,
                    _ => true,
                };
                if !is_range {
                    continue;
                }
                let found = keys(&table, range.clone(), false).unwrap();
                assert_eq!(found.collect::<Result<Vec<_>, _>>().unwrap(), expected);
                let found = keys(&table, range, true).unwrap();
                expected.reverse();
                assert_eq!(found.collect::<Result<Vec<_>, _>>().unwrap(), expected);
            }
        }
    }

    /// A key, and how long its value is; nothing: it is deleted.
    fn batches(
        keys: std::ops::Range<u32>,
    ) -> impl Strategy<Value = Vec<Vec<(u32, Option<usize>)>>> {
        let length = prop_oneof![
            4 => Just(None),
            8 => (0..600_usize).prop_map(Some),
            1 => (0..20_000_usize).prop_map(Some),
        ];
        prop::collection::vec(prop::collection::vec((keys, length), 0..120), 1..12)
    }

    fn value(key: u32, length: usize) -> Bytes {
        let seed = key as usize + length;
        (0..length)
            .map(|place| (seed + place).to_le_bytes()[0])
            .collect()
    }

    fn follow<K: Keyed>(
        table: Packed<K>,
        batches: Vec<Vec<(u32, Option<usize>)>>,
        key: impl Fn(u32) -> K::Owned,
    ) {
        let database = database();
        let mut model = BTreeMap::new();
        for batch in batches {
            let mut changes = BTreeMap::new();
            let mut asked = Vec::new();
            for (number, length) in batch {
                let key = key(number);
                let new = length.map(|length| value(number, length));
                match &new {
                    Some(new) => model.insert(key.clone(), new.clone()),
                    None => model.remove(&key),
                };
                asked.push(key.clone());
                changes.insert(key, new.map_or(Change::Gone, Change::Put));
            }
            change(&database, table, &changes);
            same(&database, table, &model, &asked);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn rows_in_blocks_are_rows(batches in batches(0..400)) {
            follow(TABLE, batches, u128::from);
        }

        #[test]
        fn pairs_in_blocks_are_pairs(batches in batches(0..150)) {
            follow(PAIRS, batches, |number| {
                let client: Box<str> = ["", "a", "\u{e4}"][number as usize % 3].into();
                (client, u128::from(number) << 60)
            });
        }
    }

    #[test]
    fn a_queue_leaves_nothing_behind_and_its_blocks_are_full() {
        let database = database();
        let put = |keys: std::ops::Range<u32>| {
            let rows = keys.map(|key| (u128::from(key), Change::New(value(key, 300))));
            change(&database, TABLE, &rows.collect());
        };
        let blocks = || {
            let read = database.begin_read().unwrap();
            read.open_table(TABLE).unwrap().len().unwrap()
        };
        for batch in 0..50 {
            put(batch * 100..batch * 100 + 100);
        }
        let rows_in_a_block = (BLOCK_BYTES / (300 + 16 + 2 * NUMBER_BYTES)) as u64;
        assert!(
            blocks() <= 5_000 / rows_in_a_block + 1,
            "{} blocks",
            blocks()
        );
        for batch in 0..50 {
            let rows = batch * 100..batch * 100 + 100;
            let rows = rows.map(|key| (u128::from(key as u32), Change::Gone));
            change(&database, TABLE, &rows.collect());
        }
        assert_eq!(blocks(), 0);
    }

    #[test]
    fn what_is_no_block_is_an_error_and_not_a_panic() {
        let mut open = NewBlock::default();
        open.push(b"key", b"value");
        let mut bytes = vec![0; open.len()];
        open.write(&mut bytes).unwrap();
        assert!(open.write(&mut bytes[1..]).is_err());
        assert_eq!(
            Block::read(&bytes).unwrap().row(0).unwrap(),
            (&b"key"[..], &b"value"[..])
        );
        for place in 0..bytes.len() {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut damaged = bytes.clone();
                damaged[place] = byte;
                if let Ok(block) = Block::read(&damaged) {
                    block.rows().for_each(drop);
                }
            }
            if let Ok(block) = Block::read(&bytes[..place]) {
                assert!(block.rows().any(|row| row.is_err()), "{place}");
            }
        }
    }
}
