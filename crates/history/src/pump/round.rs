//! One batch.

use std::sync::Arc;
use std::time::Duration;

use avtomatika_engine::history::HistoryEvent;
use avtomatika_engine::names;

use super::backoff::Backoff;
use super::handle::Shared;
use super::options::PumpOptions;
use crate::history::History;
use crate::source::{Source, SourceError};

/// What became of a round.
pub(super) enum Ended {
    /// The outbox is empty, as far as it was read.
    Empty,
    /// There may be more.
    More,
    /// Nothing was moved; try again after this pause.
    Failed(Duration),
}

/// Moves batches.
pub(super) struct Rounds {
    history: History,
    pub(super) options: PumpOptions,
    pub(super) shared: Arc<Shared>,
    backoff: Backoff,
    /// The last entry that has been written.
    written: u64,
    /// The last entry that has been forgotten.
    forgotten: u64,
}

impl Rounds {
    pub(super) fn new(history: History, options: PumpOptions, shared: Arc<Shared>) -> Self {
        Self {
            backoff: Backoff::new(options.backoff_min, options.backoff_max),
            history,
            options,
            shared,
            written: 0,
            forgotten: 0,
        }
    }

    /// Moves one batch.
    pub(super) async fn round(&mut self, source: &impl Source) -> Ended {
        // Whoever asked before the read is answered by it.
        let questions = self.shared.questions();
        match self.try_round(source).await {
            Ok(is_empty) => {
                if self.backoff.is_failing() {
                    tracing::info!(history = %self.history.location(), "the history is being written again");
                }
                self.backoff.succeeded();
                if is_empty {
                    self.shared.answer(questions);
                    Ended::Empty
                } else {
                    self.shared.works();
                    Ended::More
                }
            }
            Err(error) => {
                metrics::counter!(names::HISTORY_FAILURES).increment(1);
                // Told once: the next word is that it works again.
                if !self.backoff.is_failing() {
                    tracing::warn!(
                        history = %self.history.location(), %error,
                        "the history can't be written; jobs go on, their events wait in the store"
                    );
                }
                self.shared.failed();
                Ended::Failed(self.backoff.failed())
            }
        }
    }

    /// Answers whether the outbox is empty now.
    async fn try_round(&mut self, source: &impl Source) -> Result<bool, SourceError> {
        self.forget(source).await?;
        let max = self.options.batch_commits_max;
        let entries = source.outbox(max).await?;
        let is_last = entries.len() < max;
        let Some(up_to) = entries.last().map(|(number, _)| *number) else {
            metrics::gauge!(names::HISTORY_LAG).set(0.0);
            return Ok(true);
        };
        let events: Vec<HistoryEvent> = entries.into_iter().flat_map(|(_, it)| it).collect();
        lag(events.len());
        tokio::time::timeout(self.options.write_timeout, self.history.write(&events)).await??;
        self.written = up_to;
        metrics::counter!(names::HISTORY_WRITTEN).increment(events.len() as u64);
        self.forget(source).await?;
        if is_last {
            metrics::gauge!(names::HISTORY_LAG).set(0.0);
        }
        Ok(is_last)
    }

    /// Forgets what has been written.
    async fn forget(&mut self, source: &impl Source) -> Result<(), SourceError> {
        if self.forgotten < self.written {
            source.forget_outbox(self.written).await?;
            self.forgotten = self.written;
        }
        Ok(())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "gauges are f64; counts stay far below 2^52"
)]
fn lag(events: usize) {
    metrics::gauge!(names::HISTORY_LAG).set(events as f64);
}
