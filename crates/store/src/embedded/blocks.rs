//! Rows of the file, many to a block.
//!
//! What is written at the same time is asked for, changed and deleted at the same time: ids sort by
//! time, and so do most keys. redb does as much for a row as for a page, so it is given blocks of
//! neighbouring rows instead; a checkpoint brings all that has changed in a block at once.
//!
//! A block is stored under a key that is not above its first row's and above all rows' of the block
//! before.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Bound;

use bytes::Bytes;
use redb::{AccessGuard, ReadableTable, StorageError, Table, TableDefinition, WriteTransaction};

use super::block::{BLOCK_BYTES, Block, NUMBER_BYTES, NewBlock, Packer, owned};
use super::changes::Change;
use super::keyed::Keyed;
use super::rest;
use super::tables::Rows;

/// A table whose rows are in blocks.
pub(super) type Packed<K> = TableDefinition<'static, K, &'static [u8]>;
/// A block and its key, as redb lends them.
type Lent<'t, K> = (AccessGuard<'t, K>, AccessGuard<'t, &'static [u8]>);
type Range<T> = (Bound<T>, Bound<T>);

/// What is taken over at once from a file without blocks: so many bytes of rows, each with about so
/// much beside.
const TAKEN_OVER_BYTES: usize = 4 << 20;
const ROW_BYTES: usize = 128;

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
mod tests;
