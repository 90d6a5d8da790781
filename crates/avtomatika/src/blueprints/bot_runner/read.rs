//! `logs` and `status`: asked of the worker that has the bot.

use avtomatika_engine::{Action, Context};
use avtomatika_protocol::bot::{BotState, Verb, container_name};
use serde_json::{Map, Value, json};

use super::blueprint::COMPLETED;
use super::bots::{Bot, Desired};
use super::halt::Decided;
use super::scene::Scene;
use super::task::{Ended, task};
use super::{BotRunnerOptions, texts};

/// Reads a bot's output. A bot no worker has, has none.
pub(super) fn logs(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let scene = Scene::open(options, context)?;
    if let Some(worker) = scene.bot().and_then(|bot| bot.worker.clone()) {
        let read = task(options, Verb::Logs, Some(worker)).params(scene.input.params());
        return Ok(Action::dispatch(read));
    }
    let name = container_name(scene.input.user, scene.bot_id);
    Ok(Action::transition(COMPLETED)
        .set("status", "not_found")
        .set("logs", Value::Null)
        .set("container_name", name))
}

/// Describes a bot. One no worker has is described as it is remembered.
pub(super) fn status(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let scene = Scene::open(options, context)?;
    let Some(bot) = scene.bot() else {
        return Ok(Action::transition(COMPLETED)
            .set("exists", false)
            .set("bot_id", scene.bot_id));
    };
    if bot.worker.is_some() {
        let read = task(options, Verb::Status, bot.worker.clone()).params(scene.input.params());
        return Ok(Action::dispatch(read));
    }
    Ok(remembered(
        &scene,
        bot,
        remembered_state(bot, context.now_ms),
    ))
}

/// The worker has answered.
pub(super) fn received(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let scene = Scene::open(options, context)?;
    let missing =
        scene.input.verb == Verb::Status && context.data.get("exists") == Some(&Value::Bool(false));
    match scene.bot() {
        // The container is gone from the worker that should have it.
        Some(bot) if missing => Ok(remembered(
            &scene,
            bot,
            remembered_state(bot, context.now_ms),
        )),
        _ => Ok(Action::transition(COMPLETED)),
    }
}

/// The worker has not. Where a bot is lost to sight, that is its state; its output can't be read.
pub(super) fn failed(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let scene = Scene::open(options, context)?;
    let ended = Ended::of(context);
    let tied = scene.bot().and_then(|bot| bot.worker.clone());
    match scene.bot() {
        Some(bot) if scene.input.verb == Verb::Status && ended.was_not_taken() => {
            Ok(remembered(&scene, bot, BotState::Lost))
        }
        _ => Ok(texts::end(&ended, tied.as_ref())),
    }
}

fn remembered(scene: &Scene<'_>, bot: &Bot, state: BotState) -> Action {
    let mut action = Action::transition(COMPLETED).set("exists", true);
    let described = describe(scene.input.user, scene.bot_id, bot, state);
    action.data.extend(described);
    action
}

/// The state of a bot that no worker has, or that its worker does not know.
pub(super) fn remembered_state(bot: &Bot, now_ms: u64) -> BotState {
    match bot.desired {
        Desired::Stopped => bot.state,
        Desired::Running if bot.changed_by(now_ms).is_some() => BotState::Starting,
        Desired::Running => BotState::Lost,
    }
}

/// A bot as clients read it, without a worker's word.
pub(super) fn describe(user: &str, bot_id: &str, bot: &Bot, state: BotState) -> Map<String, Value> {
    let described = json!({
        "bot_id": bot_id,
        "container_id": null,
        "container_name": container_name(user, bot_id),
        "status": state,
        "state": state,
        "restarts": 0,
        "started_at": bot.started_at,
        "spec_version": bot.spec_version,
    });
    let mut map = match described {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    if state == BotState::Lost
        && let Some(worker) = &bot.worker
    {
        let reason = format!("its worker '{worker}' does not answer, or has it no more");
        map.insert("reason".to_owned(), reason.into());
    }
    note_pending(&mut map, bot);
    map
}

/// Names the workers that are yet to be told that the bot is stopped.
pub(super) fn note_pending(map: &mut Map<String, Value>, bot: &Bot) {
    if !bot.pending_stop.is_empty() {
        map.insert("pending_stop".to_owned(), json!(bot.pending_stop));
    }
}
