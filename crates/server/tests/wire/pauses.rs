//! A blueprint that waits in every way there is, installed into a running server.

use avtomatika_engine::blueprint::{AwaitApproval, Parallel, RetryPolicy, RunBlueprint, WaitEvent};
use avtomatika_engine::{Action, Blueprint, Context, Dispatch, EndAs, HandlerError};
use serde_json::{Value, json};

use crate::harness::{Wire, quick};

/// Where jobs for it are posted.
pub(crate) const PAUSES: &str = "/api/v1/jobs/pauses";

/// `pauses`: `do` in its input names what its first state does.
pub(crate) fn pauses() -> Blueprint {
    Blueprint::builder("pauses")
        .versioned_endpoint("v1", "/jobs/pauses")
        .start("start", first)
        .end("completed", EndAs::Completed)
        .end("refused", EndAs::Failed)
        .edge("start", "yes", "completed")
        .edge("start", "no", "refused")
        .input_schema(json!({"type": "object", "properties": {"do": {"type": "string"}}}))
        .output_schema(json!({"type": "object"}))
        .build()
        .expect("a good blueprint")
}

/// A server that has it.
pub(crate) async fn wire() -> Wire {
    let wire = Wire::with(quick()).await;
    wire.engine.install(pauses()).await.unwrap();
    wire
}

/// Posts a job that does this first. Answers its id.
pub(crate) async fn submit(wire: &Wire, what: &str) -> String {
    submit_with(wire, json!({ "do": what })).await
}

pub(crate) async fn submit_with(wire: &Wire, input: Value) -> String {
    let posted = wire.post(PAUSES, &input).await;
    assert_eq!(posted.status, 202, "{}", posted.text);
    posted.json()["job_id"].as_str().unwrap().to_owned()
}

fn first(context: &Context<'_>) -> Result<Action, HandlerError> {
    let given = |key: &str| context.input.get(key).and_then(Value::as_str);
    Ok(match given("do").unwrap_or("ask") {
        "ask" => {
            let mut ask = AwaitApproval::new("Shall we?")
                .on("yes", "completed")
                .on("no", "refused");
            if let Some(url) = given("notify") {
                ask = ask.notify(url);
            }
            Action::await_approval(ask)
        }
        "event" => Action::wait_event(WaitEvent::new("paid", "completed")),
        "sleep" => Action::wait_until(context.now_ms + 60_000, "completed"),
        "fork" => Action::parallel(
            Parallel::new("completed")
                .task("left", Dispatch::new("echo"))
                .task("right", Dispatch::new("echo")),
        ),
        "child" => Action::run_blueprint(
            RunBlueprint::new("pauses", json!({"do": "task"})).on("success", "completed"),
        ),
        "task" => Action::dispatch(
            Dispatch::new("echo")
                .retry(RetryPolicy {
                    max_attempts: 1,
                    initial_ms: 1,
                    max_ms: 1,
                })
                .on("success", "completed"),
        ),
        _ => Action::transition("completed"),
    })
}
