//! Asking for work.

use std::sync::Arc;
use std::time::Duration;

use avtomatika_protocol::worker::TaskMessage;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::client::{Error, PollQuery};
use crate::session::Session;
use crate::slots::Slot;
use crate::trouble::Trouble;

/// How long a poll may be parked when more sessions than slots want to poll: they take turns.
const TURN: Duration = Duration::from_secs(2);

/// The longest pause after a poll that was answered too soon.
const IMPATIENT: Duration = Duration::from_secs(1);

/// What came of one poll.
enum Polled {
    Tasks(Vec<TaskMessage>),
    /// No task; `in_time`: and the server took its time to say so.
    Nothing {
        in_time: bool,
    },
    /// No type was free, so there was nothing to ask for. Now there is.
    TypeFreed,
    /// The question was no longer the right one; ask again.
    Outdated,
    Failed(Error),
}

impl Session {
    /// Polls whenever there is a free slot, one poll at a time. Ends when the server does not
    /// know the worker any more.
    pub(crate) async fn poll_for_ever(self: &Arc<Self>, lanes: &mut JoinSet<()>) {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(10));
        let mut trouble = Trouble::default();
        loop {
            let slots = self.slots().await;
            let wait = match self.poll(slots.len()).await {
                Polled::Tasks(tasks) => {
                    backoff.reset();
                    trouble.over("polls", self.client.server());
                    while lanes.try_join_next().is_some() {}
                    // A server that sends more than it was asked for sends them in vain.
                    for (slot, task) in slots.into_iter().zip(tasks) {
                        self.start_lane(lanes, slot, task);
                    }
                    continue;
                }
                Polled::Nothing { in_time: true } => {
                    backoff.reset();
                    trouble.over("polls", self.client.server());
                    continue;
                }
                // A server that doesn't hold polls, or is about to go down, must not be asked
                // again as fast as it answers.
                Polled::Nothing { in_time: false } => backoff.next().min(IMPATIENT),
                Polled::TypeFreed => continue,
                Polled::Outdated => {
                    // The server may have handed out a task at that very moment. A heartbeat
                    // that does not name it sends it back to the queue.
                    self.heartbeat_now.notify_one();
                    continue;
                }
                Polled::Failed(Error::UnknownSession) => return,
                Polled::Failed(Error::Refused { status, message }) if status == 404 => {
                    // Not our server's words, but those of one that has lost its memory.
                    tracing::warn!(%message, "the server does not know where to poll");
                    return;
                }
                Polled::Failed(error) => {
                    trouble.with("polls", self.client.server(), &error);
                    self.heartbeat_now.notify_one();
                    match error {
                        Error::Unavailable { retry_after, .. } => {
                            backoff.next_at_least(retry_after)
                        }
                        _ => backoff.next(),
                    }
                }
            };
            drop(slots);
            tokio::time::sleep(wait).await;
        }
    }

    /// Slots for the tasks of one poll: at least one, and more if they are free now.
    async fn slots(&self) -> Vec<Slot> {
        let shared = &self.shared;
        let mut slots = vec![shared.slots.take().await];
        // Several of a type that takes only one would sit in slots others could have.
        if !self.is_seed_era() && !shared.slots.limits_types() {
            slots.extend(shared.slots.take_more(shared.settings.batch as usize - 1));
        }
        slots
    }

    async fn poll(&self, max: usize) -> Polled {
        let slots = &self.shared.slots;
        let type_freed = slots.type_freed();
        let types = (!slots.all_types_free()).then(|| {
            self.shared
                .handlers
                .types()
                .filter(|name| slots.type_is_free(name))
                .collect()
        });
        let some_full = types.is_some();
        let none_free = types.as_ref().is_some_and(Vec::is_empty);
        if none_free {
            type_freed.await;
            return Polled::TypeFreed;
        }
        let crowded = (slots.max() as usize) < self.shared.sessions;
        let asked = self.shared.settings.poll_timeout;
        let query = PollQuery {
            timeout: if crowded { asked.min(TURN) } else { asked },
            session_id: self.registered.borrow().session_id,
            free: slots.free() + max,
            types,
            max,
        };
        let since = Instant::now();
        tokio::select! {
            biased;
            answer = self.client.poll(&query) => match answer {
                Ok(tasks) if !tasks.is_empty() => Polled::Tasks(tasks),
                Ok(_) => Polled::Nothing { in_time: since.elapsed() >= query.timeout / 2 },
                Err(error) => Polled::Failed(error),
            },
            // A parked poll that leaves out a type would keep its tasks waiting.
            () = type_freed, if some_full => Polled::Outdated,
        }
    }
}
