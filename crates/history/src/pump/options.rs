//! How the pump works.

use std::time::Duration;

/// Settings of a pump.
#[derive(Clone, Debug)]
pub struct PumpOptions {
    /// Commits of one batch at the most.
    pub batch_commits_max: usize,
    /// How long it waits after the first commit of a quiet time for more, so that a whole short job
    /// is one transaction. Readers that want to be caught up with don't wait for it.
    pub linger: Duration,
    /// How often it looks without being told.
    pub look_every: Duration,
    /// How long one batch may take before it counts as failed: a server may fall silent.
    pub write_timeout: Duration,
    /// The first pause after a failure; each further one is twice as long, more or less.
    pub backoff_min: Duration,
    /// The longest pause.
    pub backoff_max: Duration,
    /// How long it goes on at shutdown. What is left stays in the outbox.
    pub drain: Duration,
}

impl Default for PumpOptions {
    fn default() -> Self {
        Self {
            batch_commits_max: 1_000,
            linger: Duration::from_millis(50),
            look_every: Duration::from_secs(2),
            write_timeout: Duration::from_secs(60),
            backoff_min: Duration::from_millis(200),
            backoff_max: Duration::from_secs(30),
            drain: Duration::from_secs(5),
        }
    }
}
