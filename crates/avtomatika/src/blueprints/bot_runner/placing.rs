//! Giving a bot to a worker, and what comes of it.

use avtomatika_engine::{Action, Context, HandlerError};
use avtomatika_protocol::bot::{BotState, Verb};
use serde_json::Value;

use super::blueprint::{COMPLETED, FAILED, PLACING};
use super::bots::{Before, Desired};
use super::halt::{Decided, Halt};
use super::scene::Scene;
use super::task::{Ended, task};
use super::{BotRunnerOptions, texts};

/// Has workers that may still run the bot stop it, one after the other, then has it started: by
/// the worker that has it, else by whichever takes it.
///
/// A worker that is away is left to the next time: it may never come back, and the bot must run.
pub(super) fn placing(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let mut scene = Scene::open(options, context)?;
    let Some(version) = scene.mine().map(|busy| busy.version) else {
        return Ok(Action::transition(FAILED));
    };
    let version = version.ok_or_else(|| HandlerError("no version to start".to_owned()))?;
    let ended = Ended::of(context);
    if ended.is(Verb::Stop.task_type()) && ended.succeeded() {
        scene.bot_mut().clear(ended.worker().as_ref());
    }
    let bot = scene.bot_mut();
    if let Some(worker) = bot.to_be_asked() {
        if let Some(busy) = &mut bot.busy {
            busy.asked.push(worker.clone());
        }
        let stop = task(options, Verb::Stop, Some(worker))
            .dispatch_timeout_ms(options.read_dispatch_ms)
            .param("user_id", scene.input.user)
            .param("bot_id", scene.bot_id)
            .on("success", PLACING)
            .on("failure", PLACING);
        return scene.save(Action::dispatch(stop));
    }
    let worker = bot.worker.clone();
    let spec = scene
        .spec(version)?
        .ok_or_else(|| HandlerError(format!("version {version} of the bot is gone")))?;
    let start = task(options, Verb::Start, worker)
        .params(spec.params)
        .param("spec_version", version)
        .sealed_for(spec.sealed_for);
    scene.save(Action::dispatch(start))
}

/// The worker has the bot running.
pub(super) fn started(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let mut scene = Scene::open(options, context)?;
    let Some(busy) = scene.mine().cloned() else {
        return Ok(Action::transition(COMPLETED));
    };
    let brought = busy.version.unwrap_or_default();
    let running = running_version(&scene).unwrap_or(brought);
    let mut action = Action::transition(COMPLETED).set("spec_version", running);
    if busy.fresh && running != brought {
        let digest = |version| Ok::<_, Halt>(scene.spec(version)?.map(|spec| spec.digest));
        if digest(running)? != digest(brought)? {
            action = action.set("note", texts::use_update());
        }
        scene.drop_specs(&[brought])?;
    }
    scene.adopt(running, Ended::of(context).worker(), BotState::Running)?;
    scene.save(action)
}

/// The version that runs, when the worker left a running bot alone: as it says, if it knows.
fn running_version(scene: &Scene<'_>) -> Option<u64> {
    let data = scene.context.data;
    if data.get("status").and_then(Value::as_str) != Some("already_running") {
        return None;
    }
    let bot = scene.bot()?;
    let said = data.get("spec_version").and_then(Value::as_u64);
    said.filter(|version| bot.versions.contains(version))
        .or(bot.spec_version)
}

/// The bot did not start.
pub(super) fn failed(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let mut scene = Scene::open(options, context)?;
    let ended = Ended::of(context);
    let Some(busy) = scene.mine().cloned() else {
        return Ok(texts::end(&ended, None));
    };
    let tied = scene.bot().and_then(|bot| bot.worker.clone());
    take_back(&mut scene, &ended, busy.before)?;
    scene.save(texts::end(&ended, tied.as_ref()))
}

/// Undoes a start that failed: what stood before stands again, unless the worker says otherwise.
pub(super) fn take_back(
    scene: &mut Scene<'_>,
    ended: &Ended<'_>,
    before: Before,
) -> Result<(), Halt> {
    let brought = scene.mine().and_then(|busy| busy.version);
    match (ended.kept(), brought) {
        (Some(true), Some(version)) => {
            return scene.adopt(version, ended.worker(), BotState::Restarting);
        }
        (Some(false), _) => {
            let bot = scene.bot_mut();
            bot.desired = Desired::Stopped;
            bot.state = BotState::Failed;
            bot.worker = None;
        }
        (Some(true) | None, _) => {
            let bot = scene.bot_mut();
            bot.restore(before);
            if ended.is(Verb::Start.task_type()) {
                bot.suspect(ended.uncertain_worker().as_slice());
                bot.suspect(ended.lost_at());
            }
        }
    }
    scene.release()
}
