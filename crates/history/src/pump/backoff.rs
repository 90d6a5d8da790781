//! Pauses between tries.

use std::time::Duration;

use rand::Rng as _;

/// Grows with each failure; no two pumps keep step.
#[derive(Debug)]
pub(super) struct Backoff {
    min: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        Self {
            min,
            max,
            failures: 0,
        }
    }

    /// Whether the last try failed.
    pub(super) fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// The pause after one more failure: between half and the whole of what is due.
    pub(super) fn failed(&mut self) -> Duration {
        let due = self
            .min
            .saturating_mul(1 << self.failures.min(16))
            .min(self.max);
        self.failures = self.failures.saturating_add(1);
        due.mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_begin_anew() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        for due_ms in [100, 200, 400, 800, 1_000, 1_000] {
            let pause = backoff.failed().as_millis();
            assert!(
                (due_ms / 2..=due_ms).contains(&pause),
                "{pause} of {due_ms}"
            );
        }
        for _ in 0..100 {
            backoff.failed();
        }
        assert!(backoff.is_failing());
        backoff.succeeded();
        assert!(!backoff.is_failing());
        assert!(backoff.failed().as_millis() <= 100);
    }
}
