//! Where every job begins.

use avtomatika_engine::Context;
use avtomatika_protocol::bot::Verb;

use super::door::Input;
use super::halt::Decided;
use super::{BotRunnerOptions, list, read, restart, start, stop, update};

/// Goes by the action.
pub(super) fn init(options: &BotRunnerOptions, context: &Context<'_>) -> Decided {
    match Input::of(context)?.verb {
        Verb::Start => start::start(options, context),
        Verb::Update => update::update(options, context),
        Verb::Restart => restart::restart(options, context),
        Verb::Stop => stop::stop(options, context),
        Verb::Logs => read::logs(options, context),
        Verb::Status => read::status(options, context),
        Verb::List => list::list(options, context),
    }
}
