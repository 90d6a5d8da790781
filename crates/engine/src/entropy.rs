//! Randomness from one place, so that a simulation can seed it.

use avtomatika_protocol::{JobId, LeaseId, SessionId, TaskId};
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use uuid::Builder;

/// Where ids and jitter come from.
#[derive(Debug)]
pub enum Entropy {
    /// The operating system's generator.
    System,
    /// A seeded generator: the same seed gives the same run.
    Seeded(Box<Mutex<StdRng>>),
}

impl Entropy {
    /// A generator that repeats itself for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Box::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    fn next(&self) -> u64 {
        match self {
            Self::System => rand::rng().next_u64(),
            Self::Seeded(rng) => rng.lock().next_u64(),
        }
    }

    fn uuid(&self, now_ms: u64) -> uuid::Uuid {
        let mut random = [0_u8; 10];
        for (place, byte) in random.iter_mut().zip(
            self.next()
                .to_le_bytes()
                .into_iter()
                .chain(self.next().to_le_bytes()),
        ) {
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

    /// A number between 0 and 1.
    pub fn jitter(&self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }
}
