//! One token bucket for each of many, in bounded memory.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};
use std::time::Duration;

use parking_lot::Mutex;

use super::Rate;
use super::bucket::Pace;

/// How many parts the map has, so that not everybody waits for one lock.
const PARTS: usize = 16;

/// Buckets by key. Full ones are forgotten, since a forgotten bucket is a full one. When all
/// places of a part are taken by others, newcomers share one bucket.
pub(super) struct Crowd<K> {
    pace: Pace,
    part_max: usize,
    hasher: RandomState,
    parts: Vec<Mutex<Part<K>>>,
}

struct Part<K> {
    due_ns: HashMap<K, u64>,
    shared_due_ns: u64,
    /// Before this there is nothing to forget.
    clean_from_ns: u64,
}

impl<K: Hash + Eq> Crowd<K> {
    /// Buckets with this rate, at most so many.
    pub(super) fn new(rate: Rate, keys_max: usize) -> Self {
        Self {
            pace: Pace::new(rate),
            part_max: keys_max.div_ceil(PARTS),
            hasher: RandomState::new(),
            parts: std::iter::repeat_with(|| {
                Mutex::new(Part {
                    due_ns: HashMap::new(),
                    shared_due_ns: 0,
                    clean_from_ns: 0,
                })
            })
            .take(PARTS)
            .collect(),
        }
    }

    /// Takes one for this key, or says how long to wait.
    pub(super) fn take(&self, key: K, now_ns: u64) -> Result<(), Duration> {
        let number = usize::try_from(self.hasher.hash_one(&key)).unwrap_or(0) % PARTS;
        let Some(part) = self.parts.get(number) else {
            return Ok(());
        };
        let mut part = part.lock();
        if part.due_ns.len() >= self.part_max && now_ns >= part.clean_from_ns {
            part.due_ns.retain(|_, due_ns| *due_ns > now_ns);
            // One look at everybody a second, at the most.
            part.clean_from_ns = now_ns.saturating_add(1_000_000_000);
        }
        let has_room = part.due_ns.len() < self.part_max;
        let due_ns = match part.due_ns.get_mut(&key) {
            Some(due_ns) => due_ns,
            None if has_room => part.due_ns.entry(key).or_insert(0),
            None => &mut part.shared_due_ns,
        };
        *due_ns = self
            .pace
            .take(*due_ns, now_ns)
            .map_err(Duration::from_nanos)?;
        Ok(())
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.parts.iter().map(|part| part.lock().due_ns.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;
    const RATE: Rate = Rate {
        per_second: 1.0,
        burst: 2,
    };

    #[test]
    fn each_has_its_own() {
        let crowd = Crowd::new(RATE, 1_000);
        for key in 0..100 {
            crowd.take(key, SECOND_NS).unwrap();
            crowd.take(key, SECOND_NS).unwrap();
            assert_eq!(crowd.take(key, SECOND_NS), Err(Duration::from_secs(1)));
        }
        crowd.take(7, 2 * SECOND_NS).unwrap();
    }

    #[test]
    fn memory_is_bounded_and_the_forgotten_are_full() {
        let crowd = Crowd::new(RATE, 160);
        let mut refused = 0;
        for key in 0..100_000_u64 {
            refused += u64::from(crowd.take(key, SECOND_NS).is_err());
        }
        assert!(crowd.len() <= 160, "{}", crowd.len());
        assert!(refused > 99_000, "newcomers share what is left: {refused}");
        // Later all of them are full again, and make room. Few enough that no shard is full of them.
        for key in 200_000..200_020_u64 {
            crowd.take(key, 100 * SECOND_NS).unwrap();
        }
        assert!(crowd.len() <= 160, "{}", crowd.len());
    }
}
