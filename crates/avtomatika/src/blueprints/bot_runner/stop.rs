//! `stop`.

use avtomatika_engine::{Action, Context, Dispatch};
use avtomatika_protocol::bot::{BotState, Verb, container_name};

use super::blueprint::{COMPLETED, FAILED};
use super::bots::Desired;
use super::halt::{Decided, Halt};
use super::scene::Scene;
use super::task::{Ended, task};
use super::{BotRunnerOptions, texts};

/// Has every worker that runs the bot, or may, stop it. A bot that runs nowhere is not found,
/// and no worker is bothered.
pub(super) fn stop(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let mut scene = Scene::open(options, context)?;
    scene.refuse_busy()?;
    let runs_nowhere = scene
        .bot()
        .is_none_or(|bot| bot.worker.is_none() && bot.pending_stop.is_empty());
    if runs_nowhere {
        return not_found(scene);
    }
    scene.begin(Verb::Stop);
    let bot = scene.bot_mut();
    bot.desired = Desired::Stopped;
    if let Some(worker) = bot.worker.take() {
        bot.clear(Some(&worker));
        bot.pending_stop.insert(0, worker);
    }
    match ask_next(&mut scene) {
        Some(stop) => scene.save(Action::dispatch(stop)),
        None => not_found(scene),
    }
}

fn not_found(mut scene: Scene<'_>) -> Decided {
    let name = container_name(scene.input.user, scene.bot_id);
    let action = Action::transition(COMPLETED)
        .set("status", "not_found")
        .set("container_name", name);
    // A bot nobody runs but somebody wanted: its job vanished.
    let vanished = scene
        .bot()
        .is_some_and(|bot| bot.desired == Desired::Running || bot.busy.is_some());
    if !vanished {
        return Ok(action);
    }
    scene.bot_mut().desired = Desired::Stopped;
    scene.bot_mut().state = BotState::Stopped;
    scene.release()?;
    scene.save(action)
}

/// The task for the next worker that may run the bot.
fn ask_next(scene: &mut Scene<'_>) -> Option<Dispatch> {
    let bot = scene.bot_mut();
    let worker = bot.to_be_asked()?;
    if let Some(busy) = &mut bot.busy {
        busy.asked.push(worker.clone());
    }
    let stop = task(scene.options, Verb::Stop, Some(worker));
    Some(
        stop.param("user_id", scene.input.user)
            .param("bot_id", scene.bot_id),
    )
}

/// One worker has stopped it.
pub(super) fn stopped(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let mut scene = Scene::open(options, context)?;
    if scene.mine().is_none() {
        return Ok(Action::transition(COMPLETED));
    }
    let worker = Ended::of(context).worker();
    scene.bot_mut().clear(worker.as_ref());
    if let Some(stop) = ask_next(&mut scene) {
        return scene.save(Action::dispatch(stop));
    }
    scene.bot_mut().state = BotState::Stopped;
    scene.release()?;
    scene.save(Action::transition(COMPLETED))
}

/// One worker has not stopped it, or nobody knows.
pub(super) fn failed(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let mut scene = Scene::open(options, context)?;
    let ended = Ended::of(context);
    let Some(busy) = scene.mine().cloned() else {
        return Ok(texts::end(&ended, None));
    };
    settle(&mut scene, &ended)?;
    scene.save(if ended.was_not_taken() {
        Action::fail(FAILED, texts::stop_pending(busy.asked.last()))
    } else {
        texts::end(&ended, busy.asked.last())
    })
}

/// Writes down how a bot is that could not be stopped. Where its worker says that it did not
/// stop it, it runs on; where the worker is silent, it counts as stopped, and the worker is asked
/// again next time.
pub(super) fn settle(scene: &mut Scene<'_>, ended: &Ended<'_>) -> Result<(), Halt> {
    let silent = ended.was_not_taken() || ended.uncertain_worker().is_some();
    if let Some(busy) = scene.mine().cloned() {
        let bot = scene.bot_mut();
        if !silent && busy.asked.last() == busy.before.worker.as_ref() {
            bot.clear(busy.before.worker.as_ref());
            bot.restore(busy.before);
        } else {
            bot.state = BotState::Stopped;
        }
    }
    scene.release()
}
