//! How often, and after how long, a failed attempt is made again.

use serde::{Deserialize, Serialize};

/// Exponential back-off with jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Attempts in all, the first included. At least 1.
    pub max_attempts: u32,
    /// The pause after the first failure, milliseconds.
    pub initial_ms: u64,
    /// The longest pause, milliseconds.
    pub max_ms: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            initial_ms: 1_000,
            max_ms: 60_000,
        }
    }
}

impl RetryPolicy {
    /// The pause after the `failures`-th failure: doubled each time, capped, then between half
    /// and all of it as `jitter` (0 to 1) says, so that jobs that failed together don't return
    /// together.
    pub fn pause_ms(&self, failures: u32, jitter: f64) -> u64 {
        let doublings = failures.saturating_sub(1).min(32);
        let whole = self
            .initial_ms
            .saturating_mul(1 << doublings)
            .min(self.max_ms);
        let half = whole / 2;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "pauses are far below 2^52 ms and jitter is clamped to 0..=1"
        )]
        let extra = ((whole - half) as f64 * jitter.clamp(0.0, 1.0)) as u64;
        half + extra
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap_and_keep_at_least_half() {
        let policy = RetryPolicy {
            max_attempts: 9,
            initial_ms: 1_000,
            max_ms: 5_000,
        };
        assert_eq!(policy.pause_ms(1, 1.0), 1_000);
        assert_eq!(policy.pause_ms(1, 0.0), 500);
        assert_eq!(policy.pause_ms(2, 1.0), 2_000);
        assert_eq!(policy.pause_ms(4, 1.0), 5_000);
        assert_eq!(policy.pause_ms(400, 1.0), 5_000);
    }
}
