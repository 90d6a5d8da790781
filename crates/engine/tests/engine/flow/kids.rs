//! The blueprints of sub-jobs and their parents.

use avtomatika_engine::blueprint::RunBlueprint;
use avtomatika_engine::{Action, Blueprint, Context, Dispatch, EndAs, HandlerError};
use serde_json::{Value, json};

use super::telling;

/// A blueprint that does what its input's `do` says.
pub(super) fn kid() -> Blueprint {
    Blueprint::builder("kid")
        .start("start", act)
        .state("slept", |_| Ok(Action::finish(EndAs::Completed, None)))
        .end("done", EndAs::Completed)
        .end("broken", EndAs::Failed)
        .build()
        .unwrap()
}

fn act(context: &Context<'_>) -> Result<Action, HandlerError> {
    let name = context.input["n"].as_str().unwrap_or("kid");
    Ok(match context.input["do"].as_str() {
        Some("complete") => Action::finish(EndAs::Completed, Some(json!(5))),
        Some("fail") => Action::transition("broken").set("kept", 1),
        Some("vanish") => Action::transition("nowhere"),
        Some("doze") => Action::wait_until(context.now_ms + 1, "slept"),
        Some("sleep") => Action::wait_until(context.now_ms + 60_000, "slept"),
        Some("task") => Action::dispatch(Dispatch::new("t").param("n", name).on("success", "done")),
        other => return Err(HandlerError(format!("it can't {other:?}"))),
    })
}

/// A parent whose states `success`, `failure`, `rescue` and those of the job statuses tell their
/// end.
pub(super) fn parent(run: impl Fn() -> RunBlueprint + Send + Sync + 'static) -> Blueprint {
    let tells = [
        "success",
        "failure",
        "rescue",
        "completed",
        "failed",
        "cancelled",
        "quarantined",
    ];
    telling("b", &tells, move |_| Ok(Action::run_blueprint(run())))
}

/// A parent of a kid that does this.
pub(super) fn parent_of(does: &'static str) -> Blueprint {
    parent(move || {
        let input: Value = json!({"do": does});
        RunBlueprint::new("kid", input)
            .on("success", "success")
            .on("failure", "failure")
    })
}
