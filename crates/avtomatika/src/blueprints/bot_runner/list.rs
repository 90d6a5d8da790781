//! `list`: every worker that has bots of the user is asked, one after the other, and what they
//! say is laid over what is remembered.

use std::collections::BTreeSet;

use avtomatika_engine::{Action, Context, HandlerError};
use avtomatika_protocol::WorkerId;
use avtomatika_protocol::bot::{BotState, Verb};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::BotRunnerOptions;
use super::blueprint::COMPLETED;
use super::bots::{Bot, UserBots};
use super::door::Input;
use super::halt::Decided;
use super::read::{describe, note_pending, remembered_state};
use super::scene::read_bots;
use super::task::{Ended, task};

/// The key of the job's data that says who was asked, and until the end also what they said.
const WORKERS: &str = "workers";

/// A worker that was asked.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    worker_id: WorkerId,
    answered: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bots: Vec<Map<String, Value>>,
}

/// Asks the first worker.
pub(super) fn list(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let bots = read_bots(context, Input::of(context)?.user)?;
    go_on(options, context, &bots, Vec::new())
}

/// One worker has answered, or could not.
pub(super) fn received(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let bots = read_bots(context, Input::of(context)?.user)?;
    let mut asked: Vec<Asked> = match context.data.get(WORKERS) {
        Some(value) => serde_json::from_value(value.clone())
            .map_err(|error| HandlerError(format!("failed to read who was asked: {error}")))?,
        None => Vec::new(),
    };
    if let Some(last) = asked.last_mut()
        && Ended::of(context).succeeded()
    {
        last.answered = true;
        let said = context.data.get("bots").and_then(Value::as_array);
        let said = said.into_iter().flatten().filter_map(Value::as_object);
        last.bots = said.cloned().collect();
    }
    go_on(options, context, &bots, asked)
}

fn go_on(
    options: &BotRunnerOptions,
    context: &Context<'_>,
    bots: &UserBots,
    mut asked: Vec<Asked>,
) -> Decided {
    let user = Input::of(context)?.user;
    let next = workers(bots)
        .into_iter()
        .find(|worker| asked.iter().all(|other| other.worker_id != *worker));
    let Some(worker) = next else {
        return Ok(finish(options, context, bots, user, asked));
    };
    asked.push(Asked {
        worker_id: worker.clone(),
        answered: false,
        bots: Vec::new(),
    });
    let list = task(options, Verb::List, Some(worker)).param("user_id", user);
    Ok(Action::dispatch(list).set(WORKERS, json!(asked)))
}

/// The workers that have, or may have, bots of the user.
fn workers(bots: &UserBots) -> BTreeSet<WorkerId> {
    let placed = bots.bots.values().flat_map(|bot| &bot.worker);
    let pending = bots.bots.values().flat_map(|bot| &bot.pending_stop);
    placed.chain(pending).cloned().collect()
}

fn finish(
    options: &BotRunnerOptions,
    context: &Context<'_>,
    bots: &UserBots,
    user: &str,
    mut asked: Vec<Asked>,
) -> Action {
    let known = bots.bots.iter().map(|(name, bot)| {
        seen(name, bot, &asked).unwrap_or_else(|| {
            let state = unseen_state(bot, &asked, context.now_ms);
            describe(user, name, bot, state)
        })
    });
    let mut all: Vec<Map<String, Value>> = known.collect();
    let strangers = asked.iter().flat_map(|worker| &worker.bots).filter(|seen| {
        let name = name_of(seen).unwrap_or_default();
        !bots.bots.contains_key(name)
    });
    all.extend(strangers.cloned());
    all.sort_by(|a, b| name_of(a).cmp(&name_of(b)));
    for worker in &mut asked {
        worker.bots.clear();
    }
    Action::transition(COMPLETED)
        .set("bots", json!(all))
        .set("count", bots.counted(context.now_ms).len())
        .set("max_bots", options.max_bots_per_user)
        .set(WORKERS, json!(asked))
}

fn name_of(bot: &Map<String, Value>) -> Option<&str> {
    bot.get("bot_id").and_then(Value::as_str)
}

/// What the workers say of a bot, the one that should have it first.
fn seen(name: &str, bot: &Bot, asked: &[Asked]) -> Option<Map<String, Value>> {
    let at = |worker: &WorkerId| {
        let worker = asked.iter().find(|asked| asked.worker_id == *worker)?;
        let mut bots = worker.bots.iter();
        bots.find(|seen| name_of(seen) == Some(name)).cloned()
    };
    let mut seen = bot.worker.iter().chain(&bot.pending_stop).find_map(at)?;
    note_pending(&mut seen, bot);
    Some(seen)
}

/// The state of a bot that no worker spoke of.
fn unseen_state(bot: &Bot, asked: &[Asked], now_ms: u64) -> BotState {
    let away = bot.worker.as_ref().is_some_and(|worker| {
        let mut asked = asked.iter();
        !asked.any(|asked| asked.worker_id == *worker && asked.answered)
    });
    if away {
        BotState::Lost
    } else {
        remembered_state(bot, now_ms)
    }
}
