//! Leaving a handler early.

use std::sync::Arc;

use avtomatika_engine::{Action, Context, HandlerError};

use super::BotRunnerOptions;

/// Why a handler stops before its end: it needs documents, it refuses, or it can't decide.
pub(super) enum Halt {
    /// This is the answer already.
    Act(Box<Action>),
    /// There is no answer.
    Error(HandlerError),
}

impl From<Action> for Halt {
    fn from(action: Action) -> Self {
        Self::Act(Box::new(action))
    }
}

impl From<HandlerError> for Halt {
    fn from(error: HandlerError) -> Self {
        Self::Error(error)
    }
}

/// What handlers here answer.
pub(super) type Decided = Result<Action, Halt>;

/// Makes a handler of the engine's of one of ours.
pub(super) fn handler(
    options: &Arc<BotRunnerOptions>,
    decide: fn(&BotRunnerOptions, &Context<'_>) -> Decided,
) -> impl Fn(&Context<'_>) -> Result<Action, HandlerError> + Send + Sync + 'static {
    let options = Arc::clone(options);
    move |context| match decide(&options, context) {
        Ok(action) => Ok(action),
        Err(Halt::Act(action)) => Ok(*action),
        Err(Halt::Error(error)) => Err(error),
    }
}
