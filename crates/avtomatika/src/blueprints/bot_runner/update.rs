//! `update`.

use avtomatika_engine::{Action, Context, HandlerError};
use avtomatika_protocol::bot::{BotState, Verb};

use super::blueprint::{COMPLETED, PLACING};
use super::halt::{Decided, Halt};
use super::scene::Scene;
use super::spec::Spec;
use super::task::{Ended, task};
use super::{BotRunnerOptions, texts};

/// Has the worker that runs the bot replace it. One that is stopped is started as the new
/// version, if there is a place for it.
pub(super) fn update(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let mut scene = Scene::open(options, context)?;
    scene.refuse_busy()?;
    let Some(current) = scene.bot().and_then(|bot| bot.spec_version) else {
        return Err(scene.not_found());
    };
    let spec = new_spec(&scene, current)?;
    let worker = scene.bot().and_then(|bot| bot.runs_on()).cloned();
    scene.begin(Verb::Update);
    let version = scene.add_spec(&spec)?;
    if worker.is_none() {
        scene.reserve()?;
        return scene.save(Action::transition(PLACING));
    }
    let update = task(options, Verb::Update, worker)
        .params(spec.params)
        .param("spec_version", version)
        .sealed_for(spec.sealed_for);
    scene.save(Action::dispatch(update))
}

/// What the request brings, with the environment of the current version if it brings none.
/// Sealed values open only for the client they were sealed for, which goes with them.
fn new_spec(scene: &Scene<'_>, current: u64) -> Result<Spec, Halt> {
    let mut spec = Spec {
        digest: scene.input.digest().to_owned(),
        sealed_for: scene.context.client.id.clone(),
        params: scene.input.params(),
        created_at_ms: scene.context.now_ms,
    };
    if !scene.input.has_env() {
        let old = scene
            .spec(current)?
            .ok_or_else(|| HandlerError(format!("version {current} of the bot is gone")))?;
        if let Some(env) = old.params.get("env_vars") {
            spec.params.insert("env_vars".to_owned(), env.clone());
        }
        spec.sealed_for = old.sealed_for;
    }
    Ok(spec)
}

/// The new version runs.
pub(super) fn updated(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let mut scene = Scene::open(options, context)?;
    let Some(version) = scene.mine().and_then(|busy| busy.version) else {
        return Ok(Action::transition(COMPLETED));
    };
    scene.adopt(version, Ended::of(context).worker(), BotState::Running)?;
    scene.save(Action::transition(COMPLETED).set("spec_version", version))
}

/// The new version does not run. The previous one stays the current one, whether or not its
/// worker could bring it back. If the worker has never heard of the bot, the new version is
/// placed anew.
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
    settle(&mut scene, &ended)?;
    scene.save(texts::end(&ended, tied.as_ref()))
}

/// Writes down what is left of the bot after an update or a restart that failed.
pub(super) fn settle(scene: &mut Scene<'_>, ended: &Ended<'_>) -> Result<(), Halt> {
    let bot = scene.bot_mut();
    if ended
        .detail("rolled_back")
        .and_then(serde_json::Value::as_bool)
        == Some(false)
    {
        bot.state = BotState::Failed;
    } else if ended.kept() == Some(true) {
        bot.state = BotState::Restarting;
    }
    scene.release()
}

impl Scene<'_> {
    /// Makes ready to place a bot that its worker does not have any more.
    pub(super) fn place_anew(&mut self) {
        let bot = self.bot_mut();
        bot.state = BotState::Starting;
        bot.worker = None;
        if let Some(busy) = &mut bot.busy {
            busy.before.desired = super::bots::Desired::Stopped;
            busy.before.state = BotState::Lost;
            busy.before.worker = None;
        }
    }
}
