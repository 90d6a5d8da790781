//! Getting a result to the server, and the next task back.

use std::time::Duration;

use avtomatika_protocol::worker::{Outcome, ResultAnswer, ResultMessage, TaskMessage};
use bytes::Bytes;
use http::StatusCode;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::client::Error;
use crate::courier::Item;
use crate::outcome::permanent;
use crate::progress;
use crate::run::{Run, Stop};
use crate::session::Session;
use crate::slots::Slot;

/// A result is offered at least this long.
const PATIENCE_MIN: Duration = Duration::from_secs(120);

/// And never longer than this, even if heartbeats keep its lease alive.
const PATIENCE_MAX: Duration = Duration::from_secs(3600);

/// How long a result waits for its worker to be registered again before it is tried anyway.
const REGISTER_TIMEOUT: Duration = Duration::from_secs(5);

/// A result on its way.
struct Parcel {
    message: ResultMessage,
    /// The message as text: it may be sent many times.
    body: Bytes,
    /// When the result was ready.
    since: Instant,
    backoff: Backoff,
    /// How often the server could not be reached with it.
    failures: u32,
}

/// What came of one attempt.
enum Attempt {
    /// The server has the result, or will never take it.
    Done(Option<TaskMessage>),
    /// Worth another try, after this long.
    Again(Duration),
}

impl Session {
    /// Delivers a result and gives back the next task, if the server sent one along.
    ///
    /// A result that doesn't get through at once gives its slot back: a server that takes polls
    /// but no results must not bring the worker to a halt. The worker gives up when the lease
    /// can't be alive any more.
    pub(crate) async fn deliver(
        &self,
        run: &Run,
        outcome: Outcome,
        slot: &mut Option<Slot>,
    ) -> Option<TaskMessage> {
        progress::flush(run).await;
        let mut parcel = Parcel::new(ResultMessage {
            job_id: run.task.job_id,
            task_id: run.task.task_id,
            worker_id: self.shared.settings.worker_id.clone(),
            result: outcome,
            lease: run.task.lease,
            want_next: self.wants_next(slot),
        });
        match self.attempt(&mut parcel).await {
            // While draining the task is left: the next heartbeat doesn't name it.
            Attempt::Done(next) => next.filter(|_| !self.shared.draining.is_cancelled()),
            Attempt::Again(wait) => {
                // The number of results that wait without a slot is limited, too.
                let waits_without = self.patience.try_acquire();
                if waits_without.is_ok() {
                    *slot = None;
                }
                self.insist(run, parcel, wait).await;
                None
            }
        }
    }

    async fn insist(&self, run: &Run, mut parcel: Parcel, mut wait: Duration) {
        if parcel.message.want_next {
            parcel.message.want_next = false;
            parcel.encode();
        }
        loop {
            tokio::time::sleep(wait).await;
            if run.stopped() == Some(Stop::Lost) || self.is_hopeless(parcel.since) {
                tracing::warn!(task_id = %run.task.task_id, "dropped a result nobody waits for");
                return;
            }
            match self.attempt(&mut parcel).await {
                Attempt::Done(_) => return,
                Attempt::Again(longer) => wait = longer,
            }
        }
    }

    async fn attempt(&self, parcel: &mut Parcel) -> Attempt {
        let generation = self.registered.borrow().generation;
        let answer = self.send(parcel).await;
        let task_id = parcel.message.task_id;
        match answer {
            Ok(answer) => {
                if let Some(observer) = &self.shared.delivered {
                    observer.tell(&parcel.message, &answer);
                }
                if let Some(reason) = answer.reason {
                    tracing::info!(%task_id, status = answer.status, reason, "result not used");
                }
                Attempt::Done(answer.next_task)
            }
            Err(Error::Refused {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                message,
            }) if parcel.message.result.status() != "failure" => {
                // Dropping it would have the task done again, with the same end.
                let failure = permanent(format!("the result is too large: {message}"));
                parcel.message.result = Outcome::failure(&failure);
                parcel.encode();
                Attempt::Again(Duration::ZERO)
            }
            Err(error @ Error::Refused { .. }) => {
                tracing::error!(%task_id, %error, "the server refused a result; dropped it");
                Attempt::Done(None)
            }
            Err(Error::UnknownSession) => {
                self.mark_stale(generation);
                // Sooner the server would not know us either.
                let mut registered = self.registered.subscribe();
                let again = registered.wait_for(|now| now.generation > generation);
                let wait = match tokio::time::timeout(REGISTER_TIMEOUT, again).await {
                    Ok(_) => Duration::ZERO,
                    Err(_) => parcel.backoff.next(),
                };
                Attempt::Again(wait)
            }
            Err(Error::Unavailable {
                reason,
                retry_after,
            }) => {
                if parcel.failures == 0 {
                    tracing::warn!(%task_id, reason, "failed to deliver a result; will try again");
                } else {
                    tracing::debug!(%task_id, reason, "failed to deliver a result again");
                }
                parcel.failures = parcel.failures.saturating_add(1);
                Attempt::Again(parcel.backoff.next_at_least(retry_after))
            }
        }
    }

    /// Sends a result, with others where that is wanted.
    async fn send(&self, parcel: &Parcel) -> Result<ResultAnswer, Error> {
        let Some(courier) = self.courier.as_ref().filter(|_| !self.is_seed_era()) else {
            return self.client.result(parcel.body.clone()).await;
        };
        let (reply, answer) = oneshot::channel();
        let item = Item {
            body: parcel.body.clone(),
            wants_next: parcel.message.want_next,
            reply,
        };
        let gone = || Error::Unavailable {
            reason: "the worker is going down".to_owned(),
            retry_after: None,
        };
        courier.send(item).map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Whether the next task could run in this slot at once, whatever its type.
    fn wants_next(&self, slot: &Option<Slot>) -> bool {
        let slots = &self.shared.slots;
        slot.is_some()
            && !self.shared.draining.is_cancelled()
            && slots.all_types_free()
            // With several servers the slots go round.
            && (self.shared.sessions == 1 || slots.free() > 0)
    }

    fn is_hopeless(&self, since: Instant) -> bool {
        let unheard = self.last_heard.lock().elapsed();
        is_hopeless(since.elapsed(), unheard, self.registered.borrow().lease)
    }
}

/// Whether nobody can be waiting for a result any more that has been ready for `waited`, when the
/// server answered the last heartbeat `unheard` ago. Heartbeats name the task, so they keep its
/// lease alive.
fn is_hopeless(waited: Duration, unheard: Duration, lease: Duration) -> bool {
    waited > PATIENCE_MAX || (waited > PATIENCE_MIN.max(lease) && unheard > lease)
}

impl Parcel {
    fn new(message: ResultMessage) -> Self {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        let mut parcel = Self {
            message,
            body: Bytes::new(),
            since: Instant::now(),
            backoff,
            failures: 0,
        };
        parcel.encode();
        parcel
    }

    fn encode(&mut self) {
        // Data is JSON already; nothing else in a result can fail to be written as such.
        self.body = serde_json::to_vec(&self.message).unwrap_or_default().into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_offered_as_long_as_their_lease_may_live() {
        let seconds = Duration::from_secs;
        for (waited, unheard, lease, hopeless) in [
            (119, 119, 60, false),
            (121, 121, 60, true),
            (121, 59, 60, false),
            (1000, 1000, 1200, false),
            (1201, 1201, 1200, true),
            (3601, 0, 60, true),
        ] {
            let said = is_hopeless(seconds(waited), seconds(unheard), seconds(lease));
            assert_eq!(said, hopeless, "waited {waited} s, unheard for {unheard} s");
        }
    }
}
