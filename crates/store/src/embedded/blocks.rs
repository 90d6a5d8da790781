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
type Lent<'t, K> = Result<(AccessGuard<'t, K>, AccessGuard<'t, &'static [u8]>), StorageError>;
type Range<T> = (Bound<T>, Bound<T>);

/// Above this a block is cut, bytes: with what redb adds it fills two of its pages. A row that is
/// larger has a block of its own.
const BLOCK_BYTES: usize = (8 << 10) - 128;
const NUMBER_BYTES: usize = 4;
/// Rows that are taken over at once from a file without blocks.
const TAKEN_OVER: usize = 10_000;

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
    pub(super) fn bounds<K: Keyed>(self) -> Result<Option<(K::Owned, K::Owned)>, redb::Error> {
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
) -> Result<Option<(AccessGuard<'t, K>, AccessGuard<'t, &'static [u8]>)>, redb::Error> {
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
pub(super) fn keys<'t, K: Keyed>(
    table: &'t impl ReadableTable<K, &'static [u8]>,
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
    block: Lent<'_, K>,
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
        for (key, block) in &blocks {
            rest::pause();
            table.insert(K::from_bytes(key), block.as_slice())?;
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
    ) -> Result<Option<Vec<(Vec<u8>, Vec<u8>)>>, redb::Error>
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
        if let (Some(start), Some((first, _))) = (&self.start, blocks.first_mut()) {
            // It stays where it is.
            *first = K::as_bytes(&K::lent(start)).as_ref().to_vec();
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

/// Puts rows into blocks.
struct Packer {
    limit: usize,
    key: Vec<u8>,
    count: u32,
    ends: Vec<u8>,
    data: Vec<u8>,
    /// What is ready: keys and blocks.
    blocks: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Packer {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            key: Vec::new(),
            count: 0,
            ends: Vec::new(),
            data: Vec::with_capacity(limit),
            blocks: Vec::new(),
        }
    }

    fn push(&mut self, key: &[u8], value: &[u8]) {
        let bytes = self.ends.len() + self.data.len() + 3 * NUMBER_BYTES + key.len() + value.len();
        if self.count > 0 && bytes > self.limit {
            self.cut();
        }
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

    fn cut(&mut self) {
        let mut block = Vec::with_capacity(NUMBER_BYTES + self.ends.len() + self.data.len());
        block.extend(self.count.to_le_bytes());
        block.append(&mut self.ends);
        block.append(&mut self.data);
        self.blocks.push((std::mem::take(&mut self.key), block));
        self.count = 0;
    }

    fn finish(mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        if self.count > 0 {
            self.cut();
        }
        self.blocks
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
        for row in old.iter()? {
            let (key, value) = row?;
            let value = value.value();
            let value = Bytes::copy_from_slice(V::as_bytes(&value).as_ref());
            changes.insert(K::owned(&key.value()), Change::Put(value));
            if changes.len() == TAKEN_OVER {
                apply::<K>(&std::mem::take(&mut changes), &mut table)?;
            }
        }
        apply::<K>(&changes, &mut table)?;
    }
    write.delete_table(rows.unpacked())?;
    Ok(())
}
