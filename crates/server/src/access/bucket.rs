//! A token bucket in one atomic number.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Rate;

const NANOS: f64 = 1e9;
/// The slowest rate there is: one in some eleven days. Keeps sums of intervals far from overflow.
const INTERVAL_MAX_NS: f64 = 1e15;

/// Nanoseconds since some moment in this process's life.
pub(super) fn now_ns() -> u64 {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    // An hour ahead, so that an empty past is a full bucket.
    let begun = Duration::from_secs(3_600) + BEGUN.elapsed();
    u64::try_from(begun.as_nanos()).unwrap_or(u64::MAX)
}

/// What a rate means in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// From one request to the next, in the long run.
    interval_ns: u64,
    /// How far ahead of that a client may be.
    ahead_ns: u64,
}

impl Pace {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value is between 1 and 1e15"
    )]
    pub(super) fn new(rate: Rate) -> Self {
        let interval_ns = (NANOS / rate.per_second).clamp(1.0, INTERVAL_MAX_NS) as u64;
        let spare = u64::from(rate.burst.max(1)) - 1;
        Self {
            interval_ns,
            ahead_ns: interval_ns.saturating_mul(spare),
        }
    }

    /// Takes one request at `now_ns` off `due_ns`, the moment the next one would be due if all
    /// came evenly. The new moment, or how long to wait, nanoseconds.
    pub(super) fn take(self, due_ns: u64, now_ns: u64) -> Result<u64, u64> {
        let due_ns = due_ns.max(now_ns);
        let ahead_ns = due_ns - now_ns;
        match ahead_ns.checked_sub(self.ahead_ns) {
            None | Some(0) => Ok(due_ns.saturating_add(self.interval_ns)),
            Some(wait_ns) => Err(wait_ns),
        }
    }
}

/// A bucket that fills with time and gives one for each request.
pub(super) struct Bucket {
    rate: Rate,
    pace: Pace,
    due_ns: AtomicU64,
}

impl Bucket {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            pace: Pace::new(rate),
            due_ns: AtomicU64::new(0),
        }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes one, or says how long to wait.
    pub(super) fn take(&self, now_ns: u64) -> Result<(), Duration> {
        let mut due_ns = self.due_ns.load(Ordering::Relaxed);
        loop {
            let next_ns = self
                .pace
                .take(due_ns, now_ns)
                .map_err(Duration::from_nanos)?;
            match self.due_ns.compare_exchange_weak(
                due_ns,
                next_ns,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(changed) => due_ns = changed,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;

    fn bucket(per_second: f64, burst: u32) -> Bucket {
        Bucket::new(Rate { per_second, burst })
    }

    #[test]
    fn a_burst_then_the_rate() {
        let bucket = bucket(2.0, 3);
        let begun = 10 * SECOND_NS;
        for _ in 0..3 {
            bucket.take(begun).unwrap();
        }
        let wait = bucket.take(begun).unwrap_err();
        assert_eq!(wait, Duration::from_millis(500));
        assert!(bucket.take(begun + SECOND_NS / 2 - 1).is_err());
        bucket.take(begun + SECOND_NS / 2).unwrap();
        assert!(bucket.take(begun + SECOND_NS / 2).is_err());
        // A long pause gives the burst back, and no more.
        let later = begun + 1_000 * SECOND_NS;
        for _ in 0..3 {
            bucket.take(later).unwrap();
        }
        assert!(bucket.take(later).is_err());
    }

    #[test]
    fn in_the_long_run_it_is_the_rate() {
        let bucket = bucket(7.0, 10);
        let tried = (0..60_000).map(|ms| 1_000_000 * (20_000 + ms));
        let taken = tried.filter(|now_ns| bucket.take(*now_ns).is_ok()).count();
        assert!((7 * 60 + 9..=7 * 60 + 10).contains(&taken), "{taken}");
    }

    #[test]
    fn many_threads_take_no_more_than_one() {
        let bucket = bucket(0.001, 500);
        let now = now_ns();
        let taken: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..1_000).filter(|_| bucket.take(now).is_ok()).count()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(taken, 500);
    }

    #[test]
    fn extremes_do_not_overflow() {
        for per_second in [f64::MIN_POSITIVE, 1e-9, 1e12, f64::MAX] {
            let bucket = bucket(per_second, u32::MAX);
            bucket.take(now_ns()).unwrap();
            bucket.take(u64::MAX).unwrap();
        }
    }
}
