//! Randomness from one place, so that a simulation can seed it.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::lock::Mutex;
use avtomatika_protocol::{JobId, LeaseId, SessionId, TaskId};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use uuid::Builder;

/// Where ids and jitter come from.
#[derive(Debug)]
pub struct Entropy {
    /// A seeded generator; without one, the operating system's.
    seeded: Option<Mutex<StdRng>>,
    /// Put into ids behind the milliseconds, so that those made in one millisecond sort in the
    /// order they were made: tasks queued together are handed out first in, first out.
    made: AtomicU32,
}

impl Entropy {
    /// A generator that repeats itself for the same seed.
    pub fn seeded(seed: u64) -> Self {
        let seeded = Some(Mutex::new(StdRng::seed_from_u64(seed)));
        Self {
            seeded,
            made: AtomicU32::new(0),
        }
    }

    /// The operating system's generator.
    pub fn system() -> Self {
        Self {
            seeded: None,
            made: AtomicU32::new(0),
        }
    }

    fn next(&self) -> u64 {
        match &self.seeded {
            None => rand::rng().next_u64(),
            Some(rng) => rng.lock().next_u64(),
        }
    }

    /// A UUIDv7 (RFC 9562, section 6.2, method 1): the time, a counter of 24 bits, and chance.
    fn uuid(&self, now_ms: u64) -> uuid::Uuid {
        let [_, high, middle, low] = self.made.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        // The version and the variant take the top bits of the first and the third byte.
        let head = [high >> 6, (high << 2) | (middle >> 6), middle & 0x3f, low];
        let mut random = [0_u8; 10];
        let chance = self.next().to_le_bytes();
        for (place, byte) in random.iter_mut().zip(head.into_iter().chain(chance)) {
            *place = byte;
        }
        Builder::from_unix_timestamp_millis(now_ms, &random).into_uuid()
    }

    /// A job's id.
    pub fn job_id(&self, now_ms: u64) -> JobId {
        JobId(self.uuid(now_ms))
    }

    /// A task's id.
    pub fn task_id(&self, now_ms: u64) -> TaskId {
        TaskId(self.uuid(now_ms))
    }

    /// A registration's id.
    pub fn session_id(&self, now_ms: u64) -> SessionId {
        SessionId(self.uuid(now_ms))
    }

    /// A lease's fencing token.
    pub fn lease_id(&self) -> LeaseId {
        LeaseId(self.next())
    }

    /// A secret nobody can guess: 128 bits as hex digits.
    pub fn token(&self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }

    /// A number between 0 and 1.
    pub fn jitter(&self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_sort_in_the_order_they_were_made() {
        let entropy = Entropy::system();
        let ids: Vec<TaskId> = (0..70_000).map(|_| entropy.task_id(1_000)).collect();
        assert!(ids.is_sorted());
        let id = entropy.job_id(0x0123_4567_89ab);
        assert_eq!(id.0.get_version_num(), 7);
        assert!(id.to_string().starts_with("01234567-89ab-7"));
    }
}
