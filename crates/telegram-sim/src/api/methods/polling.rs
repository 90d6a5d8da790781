//! `getUpdates`: the long poll, its conflicts, and confirmation by offset.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    api::{
        answer::{ApiError, ApiResult, ok},
        args::Args,
    },
    clock::now_ms,
    state::{BotCell, Waiting, World},
};

/// Longest wait the public server grants.
const WAIT_S_MAX: i64 = 50;
/// Most updates in one answer.
const LIMIT_MAX: i64 = 100;
/// After a first update, how long a waiting poll stays for its neighbours.
const GATHER: Duration = Duration::from_millis(2);

const OTHER_POLL: &str = "terminated by other getUpdates request; \
                          make sure that only one bot instance is running";
const WEBHOOK_ACTIVE: &str = "can't use getUpdates method while webhook is active; \
                              use deleteWebhook to delete the webhook first";

pub(super) async fn get_updates(world: &World, cell: &Arc<BotCell>, args: &Args) -> ApiResult {
    let offset = args.integer("offset", 0, i64::MIN, i64::MAX);
    let wait_s = args.integer("timeout", 0, 0, WAIT_S_MAX).unsigned_abs();
    let limit = args
        .integer("limit", LIMIT_MAX, 1, LIMIT_MAX)
        .unsigned_abs();
    match start(
        cell,
        args,
        offset,
        wait_s,
        usize::try_from(limit).unwrap_or(1),
    ) {
        Step::Done(updates) => ok(updates),
        Step::Refused(reason) => conflict(world, cell, reason).await,
        Step::Wait(turn) => turn.wait(world, cell).await,
    }
}

/// How a poll goes on after its first look at the queue.
enum Step {
    Done(Vec<Value>),
    Refused(&'static str),
    Wait(Turn),
}

/// A poll that waits, with all it needs to look again.
struct Turn {
    poller: Poller,
    evicted: Waiting,
    wait_s: u64,
    limit: usize,
}

fn start(cell: &Arc<BotCell>, args: &Args, offset: i64, wait_s: u64, limit: usize) -> Step {
    let mut bot = cell.lock();
    if bot.webhook.is_some() {
        return Step::Refused(WEBHOOK_ACTIVE);
    }
    if let Some(kinds) = allowed_updates(args) {
        bot.queue.allow(kinds);
    }
    let started = bot.polls.start(offset, wait_s, limit, now_ms());
    let poller = Poller {
        cell: Arc::clone(cell),
        id: started.id,
    };
    bot.queue.confirm_by_offset(offset, now_ms());
    let updates = bot.queue.take(started.limit, now_ms());
    let step = if updates.is_empty() && started.wait_s > 0 {
        let evicted = bot.polls.wait(started.id, OTHER_POLL);
        let (wait_s, limit) = (started.wait_s, started.limit);
        Step::Wait(Turn {
            poller,
            evicted,
            wait_s,
            limit,
        })
    } else {
        // The poller's end takes the lock again.
        drop(bot);
        drop(poller);
        Step::Done(updates)
    };
    cell.poll_started();
    step
}

impl Turn {
    async fn wait(mut self, world: &World, cell: &BotCell) -> ApiResult {
        let deadline = Instant::now() + Duration::from_secs(self.wait_s);
        loop {
            let mut arrived = std::pin::pin!(cell.arrived.notified());
            arrived.as_mut().enable();
            // An update may have come between the first look and this one.
            if cell.lock().queue.len() > 0 {
                sleep(GATHER).await;
                return ok(cell.lock().queue.take(self.limit, now_ms()));
            }
            tokio::select! {
                reason = &mut self.evicted => {
                    drop(self.poller);
                    let Ok(reason) = reason else { return ok(Vec::<Value>::new()) };
                    return conflict(world, cell, reason).await;
                }
                () = arrived => {}
                () = sleep_until(deadline) => return ok(Vec::<Value>::new()),
                () = world.shutdown.cancelled() => return Err(ApiError::restart()),
            }
        }
    }
}

/// Answers 409; at once the first time, later when the bot keeps at it.
async fn conflict(world: &World, cell: &BotCell, reason: &str) -> ApiResult {
    let error = ApiError::conflict(reason);
    let delay = cell.lock().polls.conflict(&error.description, now_ms());
    tracing::warn!(bot = cell.token.id(), reason, "a poll is refused");
    tokio::select! {
        () = sleep(delay) => {}
        () = world.shutdown.cancelled() => {}
    }
    Err(error)
}

/// The kinds of updates the bot names, when it does. What is not a list of texts is ignored, as
/// on the public server.
pub(super) fn allowed_updates(args: &Args) -> Option<BTreeSet<String>> {
    let kinds: Vec<String> = serde_json::from_str(args.text("allowed_updates")?).ok()?;
    Some(
        kinds
            .into_iter()
            .map(|kind| kind.to_ascii_lowercase())
            .collect(),
    )
}

/// Counts a poll for as long as it is served. When the client hangs up, the server drops the call
/// and with it this guard, so a dead client is no poller.
struct Poller {
    cell: Arc<BotCell>,
    id: u64,
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.cell.lock().polls.end(self.id);
    }
}
