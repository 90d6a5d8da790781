//! `restart`.

use avtomatika_engine::{Action, Context};
use avtomatika_protocol::bot::{BotState, Verb};
use serde_json::Value;

use super::blueprint::{COMPLETED, PLACING};
use super::halt::Decided;
use super::scene::Scene;
use super::task::{Ended, task};
use super::{BotRunnerOptions, texts, update};

/// Has the worker that runs the bot restart it. One that is stopped is started as it was, if
/// there is a place for it.
pub(super) fn restart(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let mut scene = Scene::open(options, context)?;
    scene.refuse_busy()?;
    let Some(current) = scene.bot().and_then(|bot| bot.spec_version) else {
        return Err(scene.not_found());
    };
    let worker = scene.bot().and_then(|bot| bot.runs_on()).cloned();
    scene.begin(Verb::Restart).version = Some(current);
    if worker.is_none() {
        scene.reserve()?;
        return scene.save(Action::transition(PLACING));
    }
    let restart = task(options, Verb::Restart, worker)
        .param("user_id", scene.input.user)
        .param("bot_id", scene.bot_id);
    scene.save(Action::dispatch(restart))
}

/// It runs again.
pub(super) fn restarted(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let mut scene = Scene::open(options, context)?;
    if scene.mine().is_none() {
        return Ok(Action::transition(COMPLETED));
    }
    let started_at = context.data.get("started_at").and_then(Value::as_str);
    let bot = scene.bot_mut();
    bot.state = BotState::Running;
    bot.started_at = started_at.map(str::to_owned);
    scene.release()?;
    scene.save(Action::transition(COMPLETED))
}

/// It does not. If the worker has never heard of the bot, it is placed anew.
pub(super) fn failed(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let mut scene = Scene::open(options, context)?;
    let ended = Ended::of(context);
    if scene.mine().is_none() {
        return Ok(texts::end(&ended, None));
    }
    if ended.code() == "BOT_NOT_FOUND" {
        scene.place_anew();
        return scene.save(Action::transition(PLACING));
    }
    let tied = scene.bot().and_then(|bot| bot.worker.clone());
    update::settle(&mut scene, &ended)?;
    scene.save(texts::end(&ended, tied.as_ref()))
}
