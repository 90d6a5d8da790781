//! The one blueprint of these tests: each of its states does what the job's input says, so a
//! test reads in one place what happens.

use avtomatika_engine::blueprint::RetryPolicy;
use avtomatika_engine::{Action, Blueprint, Context, Dispatch, EndAs, HandlerError};
use avtomatika_protocol::{Failure, WorkerId};
use serde_json::{Map, Value};

/// `steps`, posted to `/api/v1/jobs/steps`. Keys of its input, all of them optional:
///
/// | Key | Meaning |
/// |---|---|
/// | `task` | type of the first task, `echo` |
/// | `on` | object: which state each status leads to |
/// | `params` | parameters of the task |
/// | `token` | secret, sent along as a parameter |
/// | `to` | the only worker that may have it |
/// | `attempts`, `pause_ms` | retry policy; 4 and 20 |
/// | `execution_timeout_ms`, `dispatch_timeout_ms` | bounds |
/// | `handler` | `fails` or `skips` (to the end without a task) |
/// | `refuse` | the code to be refused with at the door |
pub(crate) fn steps() -> Blueprint {
    Blueprint::builder("steps")
        .versioned_endpoint("v1", "/jobs/steps")
        .secret("token")
        .check_input(|_, input| match input.get("refuse") {
            Some(code) => Err(Failure::new(code.as_str().unwrap_or_default(), "refused")
                .hint("leave it out")
                .with("details", "as asked")),
            None => Ok(input),
        })
        .start("start", first)
        .state("again", first)
        .state("second", |_| {
            Ok(Action::dispatch(
                Dispatch::new("second").on("success", "completed"),
            ))
        })
        .end("completed", EndAs::Completed)
        .end("stopped", EndAs::Completed)
        .end("failed", EndAs::Failed)
        .build()
        .expect("a good blueprint")
}

/// `plain`, posted to `/api/jobs/plain`: one that has no version.
pub(crate) fn plain() -> Blueprint {
    Blueprint::builder("plain")
        .endpoint("/jobs/plain")
        .start("start", |_| Ok(Action::transition("completed")))
        .end("completed", EndAs::Completed)
        .build()
        .expect("a good blueprint")
}

fn first(context: &Context<'_>) -> Result<Action, HandlerError> {
    let given = |key: &str| context.input.get(key);
    let number = |key: &str| given(key).and_then(Value::as_u64);
    match given("handler").and_then(Value::as_str) {
        Some("fails") => return Err(HandlerError("the handler fails".to_owned())),
        Some("skips") => return Ok(Action::transition("completed").set("skipped", true)),
        _ => {}
    }
    let mut params = match given("params") {
        Some(Value::Object(params)) => params.clone(),
        _ => Map::new(),
    };
    if let Some(token) = given("token") {
        params.insert("token".to_owned(), token.clone());
    }
    let task = given("task").and_then(Value::as_str).unwrap_or("echo");
    let mut dispatch = Dispatch::new(task)
        .params(params)
        .to_worker(given("to").and_then(Value::as_str).map(WorkerId::from))
        .retry(RetryPolicy {
            max_attempts: number("attempts").map_or(4, |count| u32::try_from(count).unwrap_or(4)),
            initial_ms: number("pause_ms").unwrap_or(20),
            max_ms: number("pause_ms").unwrap_or(20),
        });
    dispatch.execution_timeout_ms = number("execution_timeout_ms");
    dispatch.dispatch_timeout_ms = number("dispatch_timeout_ms");
    if let Some(Value::Object(on)) = given("on") {
        for (status, state) in on {
            dispatch = dispatch.on(status, state.as_str().unwrap_or_default());
        }
    } else {
        dispatch = dispatch.on("success", "completed").on("failure", "failed");
    }
    Ok(Action::dispatch(dispatch))
}
