//! How long to wait before the next attempt.

use std::time::Duration;

use rand::Rng as _;

/// Exponential back-off with full jitter above half: a fleet that lost its server together does
/// not come back together.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    initial: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(initial: Duration, max: Duration) -> Self {
        Self {
            initial,
            max,
            next: initial,
        }
    }

    /// The next wait: between a half and the whole of a span that doubles each time.
    pub(crate) fn next(&mut self) -> Duration {
        let span = self.next;
        self.next = span.saturating_mul(2).min(self.max);
        span.mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    /// The next wait, but never less than the server asked for.
    pub(crate) fn next_at_least(&mut self, asked: Option<Duration>) -> Duration {
        let own = self.next();
        asked.map_or(own, |asked| asked.max(own))
    }

    /// After a success the next failure starts small again.
    pub(crate) fn reset(&mut self) {
        self.next = self.initial;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_its_limit_and_starts_over() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new(ms(100), ms(300));
        for (low, high) in [(50, 100), (100, 200), (150, 300), (150, 300)] {
            let wait = backoff.next();
            assert!((ms(low)..=ms(high)).contains(&wait), "{wait:?}");
        }
        backoff.reset();
        assert!(backoff.next() <= ms(100));
        assert_eq!(backoff.next_at_least(Some(ms(7000))), ms(7000));
    }
}
