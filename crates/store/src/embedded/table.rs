//! One table as the writer sees it: the file, what is in memory on top of it, and on top of that
//! the group that is being written.

use std::borrow::Borrow;
use std::cell::OnceCell;
use std::marker::PhantomData;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use redb::{Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, Value};

use super::blocks::{self, Packed};
use super::changes::{Change, Changes};
use super::keyed::Keyed;
use super::merge::merged;

/// The file as it was when it was first read from: most groups never do.
pub(super) struct Base {
    read: OnceCell<ReadTransaction>,
    /// Last, so that whoever waits for the file to be closed sees that it is still read from.
    file: Arc<Database>,
}

impl Base {
    pub(super) fn of(file: Arc<Database>) -> Self {
        Self {
            read: OnceCell::new(),
            file,
        }
    }

    fn read(&self) -> Result<&ReadTransaction, redb::Error> {
        if let Some(read) = self.read.get() {
            return Ok(read);
        }
        let read = self.file.begin_read()?;
        Ok(self.read.get_or_init(|| read))
    }
}

/// One table.
pub(super) struct Table<'t, K: Keyed, V: Value + 'static> {
    /// Written by the batch at hand, which may yet be refused.
    staged: Vec<(K::Owned, Change)>,
    group: &'t mut Changes<K>,
    active: &'t Changes<K>,
    frozen: Option<&'t Changes<K>>,
    base: &'t Base,
    definition: Packed<K>,
    values: PhantomData<fn() -> V>,
}

/// A row's value.
pub(super) struct Row<V: Value + 'static>(Bytes, PhantomData<fn() -> V>);

impl<V: Value + 'static> Row<V> {
    pub(super) fn value(&self) -> V::SelfType<'_> {
        V::from_bytes(&self.0)
    }
}

impl<'t, K: Keyed, V: Value + 'static> Table<'t, K, V> {
    pub(super) fn open(
        group: &'t mut Changes<K>,
        active: &'t Changes<K>,
        frozen: Option<&'t Changes<K>>,
        base: &'t Base,
        definition: Packed<K>,
    ) -> Self {
        Self {
            staged: Vec::new(),
            group,
            active,
            frozen,
            base,
            definition,
            values: PhantomData,
        }
    }

    fn file(&self) -> Result<ReadOnlyTable<K, &'static [u8]>, redb::Error> {
        Ok(self.base.read()?.open_table(self.definition)?)
    }

    /// What is known of a row without a look at the file: nothing, that it is gone, or its value.
    pub(super) fn known(&self, key: &K::Owned) -> Option<Option<&Bytes>> {
        let staged = self.staged.iter().rev().find(|(staged, _)| staged == key);
        staged
            .map(|(_, change)| change.value())
            .or_else(|| self.group.get(key))
            .or_else(|| self.active.get(key))
            .or_else(|| self.frozen.and_then(|frozen| frozen.get(key)))
    }

    /// A row's value.
    pub(super) fn get<'k>(
        &self,
        key: impl Borrow<K::SelfType<'k>>,
    ) -> Result<Option<Row<V>>, redb::Error> {
        let key = K::owned(key.borrow());
        let value = match self.known(&key) {
            Some(value) => value.cloned(),
            None => blocks::get(&self.file()?, &key)?,
        };
        Ok(value.map(|bytes| Row(bytes, PhantomData)))
    }

    /// Writes a row.
    pub(super) fn insert<'k, 'v>(
        &mut self,
        key: impl Borrow<K::SelfType<'k>>,
        value: impl Borrow<V::SelfType<'v>>,
    ) {
        self.put(key, bytes_of::<V>(value.borrow()));
    }

    /// Writes a row that the file has never held.
    pub(super) fn insert_new<'k, 'v>(
        &mut self,
        key: impl Borrow<K::SelfType<'k>>,
        value: impl Borrow<V::SelfType<'v>>,
    ) {
        self.put_new(key, bytes_of::<V>(value.borrow()));
    }

    /// Writes a row whose value is bytes already.
    pub(super) fn put<'k>(&mut self, key: impl Borrow<K::SelfType<'k>>, value: Bytes) {
        self.staged
            .push((K::owned(key.borrow()), Change::Put(value)));
    }

    /// Writes a row that the file has never held: its key has just been drawn. If it is deleted
    /// soon, the file will not hear of it.
    pub(super) fn put_new<'k>(&mut self, key: impl Borrow<K::SelfType<'k>>, value: Bytes) {
        let key = K::owned(key.borrow());
        let change = match self.known(&key) {
            None => Change::New(value),
            Some(_) => Change::Put(value),
        };
        self.staged.push((key, change));
    }

    /// Deletes a row.
    pub(super) fn remove<'k>(&mut self, key: impl Borrow<K::SelfType<'k>>) {
        self.staged.push((K::owned(key.borrow()), Change::Gone));
    }

    /// The first keys below a bound, in order. Rows staged and not kept are left out.
    pub(super) fn first_below(
        &self,
        bound: &K::Owned,
        max: usize,
    ) -> Result<Vec<K::Owned>, redb::Error> {
        let table = self.file()?;
        let range = (Bound::Unbounded, Bound::Excluded(bound.clone()));
        let file = blocks::keys(&table, range.clone(), false)?;
        let layers = [Some(&*self.group), Some(self.active), self.frozen];
        let changed = layers.map(|layer| layer.map(|layer| layer.keys(range.clone())));
        merged::<K, _, _>(file, changed, Ord::cmp, max)
    }

    pub(super) fn keep(&mut self) {
        for (key, change) in self.staged.drain(..) {
            self.group.note(key, change);
        }
    }

    pub(super) fn forget(&mut self) {
        self.staged.clear();
    }
}

fn bytes_of<V: Value + 'static>(value: &V::SelfType<'_>) -> Bytes {
    Bytes::copy_from_slice(V::as_bytes(value).as_ref())
}
