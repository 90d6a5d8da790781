//! What is left to do when a job ends abruptly: cancelled, quarantined, or failed where no state
//! was given for it.

use avtomatika_engine::{Action, Context};
use avtomatika_protocol::bot::Verb;

use super::blueprint::FAILED;
use super::door::Input;
use super::halt::Decided;
use super::scene::Scene;
use super::task::Ended;
use super::{BotRunnerOptions, placing, stop, update};

/// Gives up the job's hold on its bot.
pub(super) fn abort(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let done = Action::transition(FAILED);
    if Input::of(context)?.verb == Verb::List {
        return Ok(done);
    }
    let mut scene = Scene::open(options, context)?;
    let Some(busy) = scene.mine().cloned() else {
        return Ok(done);
    };
    let ended = Ended::of(context);
    let in_place = [Verb::Update, Verb::Restart];
    if busy.action == Verb::Stop.as_str() {
        stop::settle(&mut scene, &ended)?;
    } else if in_place.iter().any(|verb| ended.is(verb.task_type())) {
        update::settle(&mut scene, &ended)?;
    } else {
        placing::take_back(&mut scene, &ended, busy.before)?;
    }
    scene.save(done)
}
