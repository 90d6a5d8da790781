//! Watches over running bots: counts crashes, ends crash loops, tidies up.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use avtomatika_protocol::bot::{BotState, SecretValues};
use bollard::models::EventMessage;
use bollard::query_parameters::{EventsOptions, EventsOptionsBuilder};
use futures_util::StreamExt as _;
use parking_lot::Mutex;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::classify::{self, Cause};
use crate::gate::TAIL_LINES;
use crate::label::{BOT_RUNNER, RUNNER};
use crate::logs::read;
use crate::ops::{Found, find_all, stop_container};
use crate::options::CrashOptions;
use crate::reconcile;
use crate::record::Halted;
use crate::runner::Inner;
use crate::state;
use crate::time::{now_ns, now_rfc3339};

/// How long until the engine's event stream is opened again.
const RECONNECT: Duration = Duration::from_secs(1);
/// How long a bot that is stopped for crashing has to end.
const HALT_GRACE: Duration = Duration::from_secs(2);

/// Crashes of containers, the latest within the window, and ends that were our doing.
pub(crate) struct Crashes {
    options: CrashOptions,
    seen: Mutex<HashMap<String, History>>,
}

#[derive(Default)]
struct History {
    /// When it crashed, nanoseconds since the Unix epoch.
    at_ns: VecDeque<i128>,
    /// What happened until then was no crash.
    forgotten_until_ns: i128,
}

/// How many containers are remembered; those longest without news go first.
const HISTORIES_MAX: usize = 4096;

impl Crashes {
    pub(crate) fn new(options: CrashOptions) -> Self {
        Self {
            options,
            seen: Mutex::default(),
        }
    }

    /// Notes that the container's ends until now were asked for.
    pub(crate) fn forget(&self, container: &str, now_ns: i128) {
        let mut seen = self.seen.lock();
        let history = seen.entry(container.to_owned()).or_default();
        *history = History {
            at_ns: VecDeque::new(),
            forgotten_until_ns: now_ns,
        };
        if seen.len() > HISTORIES_MAX {
            let oldest = seen.iter().min_by_key(|(_, it)| {
                it.at_ns
                    .back()
                    .copied()
                    .unwrap_or_default()
                    .max(it.forgotten_until_ns)
            });
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                seen.remove(&oldest);
            }
        }
    }

    /// Notes an end; says whether it was one too many, or `None` if it was asked for.
    fn note(&self, container: &str, at_ns: i128) -> Option<bool> {
        let mut seen = self.seen.lock();
        let history = seen.entry(container.to_owned()).or_default();
        if at_ns <= history.forgotten_until_ns {
            return None;
        }
        let window_ns = i128::try_from(self.options.window.as_nanos()).unwrap_or(i128::MAX);
        history.at_ns.push_back(at_ns);
        while history
            .at_ns
            .front()
            .is_some_and(|first| at_ns - first > window_ns)
        {
            history.at_ns.pop_front();
        }
        Some(history.at_ns.len() >= self.options.crashes_max)
    }
}

/// Runs until the token is cancelled.
pub(crate) async fn run(inner: Arc<Inner>, token: CancellationToken) {
    let mut since_ns = now_ns();
    loop {
        tokio::select! {
            () = token.cancelled() => return,
            () = watch(&inner, &mut since_ns) => {}
        }
        tokio::select! {
            () = token.cancelled() => return,
            () = sleep(RECONNECT) => {}
        }
    }
}

/// Follows the engine's events until the stream ends. What happened meanwhile is replayed,
/// because it is opened from the last event on.
async fn watch(inner: &Inner, since_ns: &mut i128) {
    let mut events = std::pin::pin!(inner.docker.events(Some(options(inner, *since_ns))));
    let mut tick = interval(inner.options.tidy_every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(event)) => {
                    let at_ns = event.time_nano.map_or_else(now_ns, i128::from);
                    *since_ns = at_ns + 1;
                    ended(inner, &event, at_ns).await;
                }
                Some(Err(error)) => {
                    tracing::warn!(%error, "the engine's events stopped");
                    return;
                }
                None => return,
            },
            _ = tick.tick() => tidy(inner).await,
        }
    }
}

async fn tidy(inner: &Inner) {
    if let Some(firewall) = &inner.firewall
        && let Err(error) = firewall.install().await
    {
        tracing::error!(%error, "the firewall rules could not be renewed");
    }
    if let Err(failure) = reconcile::tidy(inner).await {
        tracing::warn!(error = failure.message, "tidying up failed");
    }
}

fn options(inner: &Inner, since_ns: i128) -> EventsOptions {
    let since = format!(
        "{}.{:09}",
        since_ns / 1_000_000_000,
        since_ns % 1_000_000_000
    );
    let runner = format!("{RUNNER}={}", inner.options.worker_id);
    let filters = HashMap::from([
        ("type", vec!["container".to_owned()]),
        ("event", vec!["die".to_owned()]),
        ("label", vec![format!("{BOT_RUNNER}=true"), runner]),
    ]);
    EventsOptionsBuilder::new()
        .since(&since)
        .filters(&filters)
        .build()
}

/// A container's process ended.
async fn ended(inner: &Inner, event: &EventMessage, at_ns: i128) {
    let Some(id) = event.actor.as_ref().and_then(|actor| actor.id.as_deref()) else {
        return;
    };
    let Some(too_many) = inner.crashes.note(id, at_ns) else {
        return;
    };
    // The engine is asked again: an event's labels prove nothing.
    let found = match find_all(inner).await {
        Ok(found) => found.into_iter().find(|found| found.seen.id == id),
        Err(failure) => {
            tracing::warn!(error = failure.message, "a crash was not looked at");
            None
        }
    };
    let Some(found) = found else { return };
    // An operation that is under way decides itself.
    let Some(_turn) = inner.locks.try_lock(&found.names.key) else {
        return;
    };
    tracing::info!(
        container = found.seen.name,
        restarts = found.seen.restarts,
        "a bot crashed"
    );
    if token_rejected(inner, &found).await {
        halt(inner, &found, BotState::Failed, "TOKEN_REJECTED").await;
    } else if too_many {
        halt(inner, &found, BotState::CrashLoop, "CRASH_LOOP").await;
    }
}

/// A refused token stays refused: starting again only annoys Telegram.
async fn token_rejected(inner: &Inner, found: &Found) -> bool {
    let none = SecretValues::default();
    let lines = read::tail(&inner.docker, &found.seen.id, TAIL_LINES, &none).await;
    let lines = lines.unwrap_or_default();
    classify::end(lines.iter().map(|line| line.text.as_str())) == Some(Cause::TokenRejected)
}

/// Stops a bot for good and notes why. The container stays, to be looked at.
pub(crate) async fn halt(inner: &Inner, found: &Found, state: BotState, reason: &str) {
    let restarts = state::restarts(&found.seen, inner.records.get(&found.names.key).as_ref());
    if let Err(failure) = stop_container(inner, &found.seen.id, HALT_GRACE).await {
        tracing::warn!(error = failure.message, "a crashing bot was not stopped");
        return;
    }
    tracing::info!(container = found.seen.name, reason, "a bot was stopped");
    let halted = Halted {
        state,
        reason: reason.to_owned(),
        restarts,
        at: now_rfc3339(),
    };
    reconcile::note_halted(inner, found, halted);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i128 = 1_000_000_000;

    fn crashes() -> Crashes {
        Crashes::new(CrashOptions {
            crashes_max: 3,
            window: Duration::from_secs(10),
        })
    }

    #[test]
    fn only_many_crashes_in_a_short_time_are_a_loop() {
        let fast = crashes();
        let ends: Vec<_> = (1..=3).map(|at| fast.note("a", at * SECOND)).collect();
        assert_eq!(ends, [Some(false), Some(false), Some(true)]);
        let slow = crashes();
        assert!((1..=20).all(|at| slow.note("a", at * 9 * SECOND) == Some(false)));
    }

    #[test]
    fn an_end_that_was_asked_for_is_no_crash() {
        let crashes = crashes();
        crashes.note("a", SECOND);
        crashes.note("a", 2 * SECOND);
        crashes.forget("a", 5 * SECOND);
        assert_eq!(crashes.note("a", 4 * SECOND), None);
        assert_eq!(crashes.note("a", 6 * SECOND), Some(false));
    }
}
