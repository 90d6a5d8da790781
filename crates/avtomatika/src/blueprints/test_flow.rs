//! `test_flow`: one task, to see that server and worker work together.

use avtomatika_engine::blueprint::BuildError;
use avtomatika_engine::{Action, Blueprint, Client, Context, Dispatch, EndAs, HandlerError};
use avtomatika_protocol::Failure;
use serde_json::{Value, json};

/// The blueprint `test_flow`, posted to `/api/v1/jobs/test`: an `echo_task` with `message` and
/// `multiply` of the body.
///
/// # Errors
/// Never for this blueprint; its parts are fixed.
pub fn test_flow() -> Result<Blueprint, BuildError> {
    Blueprint::builder("test_flow")
        .versioned_endpoint("v1", "/jobs/test")
        .input_schema(json!({"type": "object"}))
        .check_input(check)
        .start("start", start)
        .end("completed", EndAs::Completed)
        .end("failed", EndAs::Failed)
        .build()
}

fn check(_: &Client, input: Value) -> Result<Value, Failure> {
    if input.is_object() {
        return Ok(input);
    }
    Err(
        Failure::new("INVALID_REQUEST", "The body must be a JSON object")
            .hint("Send an object; both of its keys may be left out")
            .with("example", json!({"message": "Hello", "multiply": 3}))
            .with(
                "ru",
                json!({
                    "message": "Тело запроса должно быть объектом JSON",
                    "hint": "Пришлите объект; оба его ключа можно опустить",
                }),
            ),
    )
}

fn start(context: &Context<'_>) -> Result<Action, HandlerError> {
    let given = |key: &str, default: Value| match context.input.get(key) {
        None | Some(Value::Null) => default,
        Some(value) => value.clone(),
    };
    Ok(Action::dispatch(
        Dispatch::new("echo_task")
            .param(
                "message",
                given("message", "Hello from Orchestrator!".into()),
            )
            .param("multiply", given("multiply", 2.into()))
            .on("success", "completed")
            .on("failure", "failed"),
    ))
}
