//! A small cache of decoded records: those lately written or read.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, Hash};
use std::sync::Arc;

use avtomatika_engine::lock::Mutex;

/// Kinds of keys that are told apart when it is asked whether one has changed.
const KINDS: usize = 256;

/// At most so many records, first in, first out.
///
/// Its writer puts what has become durable. Readers put what they have read, and that may have
/// been overtaken: each says by the epoch of its key when it began, and comes to nothing if the
/// writer has been at such a key since.
pub(super) struct Cache<K, V> {
    capacity: usize,
    inner: Mutex<Inner<K, V>>,
}

struct Inner<K, V> {
    records: HashMap<K, Arc<V>>,
    order: VecDeque<K>,
    /// How often keys of each kind have changed.
    epochs: Box<[u64; KINDS]>,
}

impl<K: Copy + Eq + Hash, V> Inner<K, V> {
    fn epoch(&mut self, key: K) -> &mut u64 {
        let bytes = self.records.hasher().hash_one(key).to_le_bytes();
        // One byte of the hash: as many kinds as it has values.
        &mut self.epochs[usize::from(bytes[0])]
    }
}

impl<K: Copy + Eq + Hash, V> Cache<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        let inner = Inner {
            records: HashMap::new(),
            order: VecDeque::new(),
            epochs: Box::new([0; KINDS]),
        };
        Self {
            capacity,
            inner: Mutex::new(inner),
        }
    }

    pub(super) fn get(&self, key: K) -> Option<Arc<V>> {
        self.inner.lock().records.get(&key).cloned()
    }

    /// The time, as far as a key is concerned.
    pub(super) fn epoch(&self, key: K) -> u64 {
        *self.inner.lock().epoch(key)
    }

    /// Keeps what has become durable.
    pub(super) fn put(&self, key: K, record: Arc<V>) {
        let mut inner = self.inner.lock();
        *inner.epoch(key) += 1;
        self.keep(&mut inner, key, record);
    }

    /// Keeps what was read, if nothing of its kind has become durable since `epoch`.
    pub(super) fn put_read(&self, key: K, record: Arc<V>, epoch: u64) {
        let mut inner = self.inner.lock();
        if *inner.epoch(key) == epoch {
            self.keep(&mut inner, key, record);
        }
    }

    fn keep(&self, inner: &mut Inner<K, V>, key: K, record: Arc<V>) {
        if inner.records.insert(key, record).is_none() {
            inner.order.push_back(key);
        }
        while inner.records.len() > self.capacity
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.records.remove(&oldest);
        }
        // Removed keys stay in line until they reach its head; a line of nothing but them must
        // not outgrow the cache.
        if inner.order.len() > 2 * self.capacity {
            let Inner { records, order, .. } = inner;
            order.retain(|key| records.contains_key(key));
        }
    }

    pub(super) fn remove(&self, key: K) {
        let mut inner = self.inner.lock();
        *inner.epoch(key) += 1;
        inner.records.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_newest_and_stays_small() {
        let cache = Cache::new(10);
        for key in 0..100_u32 {
            cache.put(key, Arc::new(key));
            cache.remove(key.wrapping_sub(1));
        }
        assert!(cache.inner.lock().order.len() <= 21);
        cache.put(5, Arc::new(52));
        cache.put(5, Arc::new(53));
        assert_eq!(cache.get(5).as_deref(), Some(&53));
    }

    #[test]
    fn what_a_slow_reader_brings_is_not_kept() {
        let cache = Cache::new(10);
        let before = cache.epoch(5);
        cache.put(5, Arc::new("new"));
        cache.put_read(5, Arc::new("old"), before);
        assert_eq!(cache.get(5).as_deref(), Some(&"new"));
        // Nor when the new record was too large to keep, or has been deleted.
        let before = cache.epoch(5);
        cache.remove(5);
        cache.put_read(5, Arc::new("old"), before);
        assert_eq!(cache.get(5), None);
        cache.put_read(5, Arc::new("read"), cache.epoch(5));
        assert_eq!(cache.get(5).as_deref(), Some(&"read"));
    }
}
