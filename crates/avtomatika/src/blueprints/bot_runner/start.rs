//! `start`.

use avtomatika_engine::{Action, Context};
use avtomatika_protocol::bot::Verb;

use super::BotRunnerOptions;
use super::blueprint::PLACING;
use super::halt::Decided;
use super::scene::Scene;
use super::spec::Spec;

/// Reserves a place, keeps what the bot is made of, and has it placed.
///
/// A bot that is wanted running already needs no place; its worker is asked all the same: it
/// leaves a running one alone, and starts one that crashed with what was sent now.
pub(super) fn start(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    let mut scene = Scene::open(options, context)?;
    scene.refuse_busy()?;
    scene.make_room()?;
    scene.begin(Verb::Start);
    if scene.bot().and_then(|bot| bot.runs_on()).is_none() {
        scene.reserve()?;
    }
    let spec = Spec {
        digest: scene.input.digest().to_owned(),
        sealed_for: context.client.id.clone(),
        params: scene.input.params(),
        created_at_ms: context.now_ms,
    };
    scene.add_spec(&spec)?;
    scene.save(Action::transition(PLACING))
}
