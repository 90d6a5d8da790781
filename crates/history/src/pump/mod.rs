//! From the outbox into the history.
//!
//! Read, write, forget, in this order: what is forgotten is durable in the history, and what a
//! crash leaves unforgotten is written again, which changes nothing. While the database is away the
//! outbox keeps everything and the engine goes on.

mod backoff;
mod handle;
mod options;
mod round;

pub use handle::PumpHandle;
pub use options::PumpOptions;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::history::History;
use crate::source::Source;
use handle::Shared;
use round::{Ended, Rounds};

/// Moves events from a source into a history.
pub struct Pump<S> {
    source: S,
    rounds: Rounds,
}

impl<S: Source> Pump<S> {
    /// A pump, and the handle to ask it by.
    pub fn new(source: S, history: History, options: PumpOptions) -> (Self, PumpHandle) {
        let shared = Arc::new(Shared::default());
        let handle = PumpHandle::new(shared.clone());
        let rounds = Rounds::new(history, options, shared);
        (Self { source, rounds }, handle)
    }

    /// Pumps until `shutdown`, and then until the outbox is empty or the time for that is up.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let shared = self.rounds.shared.clone();
        let options = self.rounds.options.clone();
        while !shutdown.is_cancelled() {
            // Made first: it ends for every commit from here on.
            let changed = self.source.outbox_changed();
            match Box::pin(self.rounds.round(&self.source)).await {
                Ended::More => {}
                Ended::Failed(pause) => tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = shutdown.cancelled() => {}
                },
                Ended::Empty => {
                    tokio::select! {
                        () = changed => {}
                        () = shared.asked() => continue,
                        () = tokio::time::sleep(options.look_every) => {}
                        () = shutdown.cancelled() => {}
                    }
                    tokio::select! {
                        () = tokio::time::sleep(options.linger) => {}
                        () = shared.asked() => {}
                        () = shutdown.cancelled() => {}
                    }
                }
            }
        }
        let drained = tokio::time::timeout(options.drain, self.drain()).await;
        if !matches!(drained, Ok(true)) {
            tracing::warn!(
                "not all of the jobs' history is written; the rest waits for the next start"
            );
        }
        shared.stopped();
    }

    /// Empties the outbox. Answers whether it could.
    async fn drain(&mut self) -> bool {
        loop {
            match Box::pin(self.rounds.round(&self.source)).await {
                Ended::Empty => return true,
                Ended::More => {}
                Ended::Failed(_) => return false,
            }
        }
    }
}
