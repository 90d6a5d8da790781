//! A small cache of decoded records: those lately written or read.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;

/// At most so many records, first in, first out. Records are versioned by their writer: an older
/// one never replaces a newer one.
pub(super) struct Cache<K, V> {
    capacity: usize,
    inner: Mutex<Inner<K, V>>,
}

struct Inner<K, V> {
    records: HashMap<K, (u64, Arc<V>)>,
    order: VecDeque<K>,
}

impl<K: Copy + Eq + Hash, V> Cache<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        let inner = Inner {
            records: HashMap::new(),
            order: VecDeque::new(),
        };
        Self {
            capacity,
            inner: Mutex::new(inner),
        }
    }

    pub(super) fn get(&self, key: K) -> Option<Arc<V>> {
        self.inner
            .lock()
            .records
            .get(&key)
            .map(|(_, record)| Arc::clone(record))
    }

    pub(super) fn put(&self, key: K, version: u64, record: Arc<V>) {
        let mut inner = self.inner.lock();
        match inner.records.get_mut(&key) {
            Some(known) if known.0 > version => {}
            Some(known) => *known = (version, record),
            None => {
                inner.records.insert(key, (version, record));
                inner.order.push_back(key);
            }
        }
        while inner.records.len() > self.capacity
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.records.remove(&oldest);
        }
        // Removed keys stay in line until they reach its head; a line of nothing but them must
        // not outgrow the cache.
        if inner.order.len() > 2 * self.capacity {
            let Inner { records, order } = &mut *inner;
            order.retain(|key| records.contains_key(key));
        }
    }

    pub(super) fn remove(&self, key: K) {
        self.inner.lock().records.remove(&key);
    }

    pub(super) fn clear(&self) {
        let mut inner = self.inner.lock();
        inner.records.clear();
        inner.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_newest_and_stays_small() {
        let cache = Cache::new(10);
        for key in 0..100_u32 {
            cache.put(key, 1, Arc::new(key));
            cache.remove(key.wrapping_sub(1));
        }
        assert!(cache.inner.lock().order.len() <= 21);
        cache.put(5, 3, Arc::new(53));
        cache.put(5, 2, Arc::new(52));
        assert_eq!(cache.get(5).as_deref(), Some(&53));
    }
}
