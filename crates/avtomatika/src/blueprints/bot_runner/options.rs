//! Limits and intervals of the bot runner's jobs.

use avtomatika_engine::blueprint::RetryPolicy;
use avtomatika_protocol::bot::SpecPolicy;

/// What bounds users and tasks.
#[derive(Clone, Debug)]
pub struct BotRunnerOptions {
    /// Bots a user may have running, over all workers.
    pub max_bots_per_user: u32,
    /// Bots of a user that are remembered, stopped ones included. When a new one would be one
    /// too many, the one stopped longest ago is forgotten.
    pub bots_kept_per_user: usize,
    /// Versions of a bot that are kept.
    pub spec_versions_kept: usize,
    /// Bounds of what a bot may be made of.
    pub spec: SpecPolicy,
    /// How long a start or an update may take at its worker, milliseconds.
    pub start_execution_ms: u64,
    /// How long a start waits for any worker, milliseconds.
    pub start_dispatch_ms: u64,
    /// How long a stop or a restart may take at its worker, milliseconds.
    pub change_execution_ms: u64,
    /// How long a change waits for the worker that has the bot, milliseconds.
    pub change_dispatch_ms: u64,
    /// How long logs, status or list may take at a worker, milliseconds. Longer than the longest
    /// wait for new log lines.
    pub read_execution_ms: u64,
    /// How long logs, status or list wait for the worker that has the bot, milliseconds.
    pub read_dispatch_ms: u64,
    /// How often a task that changes a bot is tried when its worker fails passingly.
    pub change_retry: RetryPolicy,
    /// The same for one that only reads.
    pub read_retry: RetryPolicy,
}

impl Default for BotRunnerOptions {
    fn default() -> Self {
        Self {
            max_bots_per_user: 3,
            bots_kept_per_user: 20,
            spec_versions_kept: 5,
            spec: SpecPolicy::default(),
            start_execution_ms: 15 * 60_000,
            start_dispatch_ms: 60_000,
            change_execution_ms: 3 * 60_000,
            change_dispatch_ms: 30_000,
            read_execution_ms: 60_000,
            read_dispatch_ms: 10_000,
            change_retry: RetryPolicy {
                max_attempts: 3,
                initial_ms: 1_000,
                max_ms: 10_000,
            },
            read_retry: RetryPolicy {
                max_attempts: 2,
                initial_ms: 500,
                max_ms: 1_000,
            },
        }
    }
}

impl BotRunnerOptions {
    /// When the marker of a job that changes a bot no longer counts, milliseconds after it was
    /// set: longer than the job can last.
    pub(super) fn busy_ms(&self) -> u64 {
        let start = self.start_dispatch_ms + self.start_execution_ms + self.change_retry.max_ms;
        let stops = self.change_dispatch_ms + self.change_execution_ms;
        u64::from(self.change_retry.max_attempts) * (start + stops)
    }
}
