//! The blueprint simulated jobs walk through: three tasks in a row, each visit of a state noted in
//! the job's data and in two documents, one of them shared by all jobs.

use avtomatika_engine::blueprint::{Blueprint, DocumentKey, RetryPolicy};
use avtomatika_engine::{Action, Context, Dispatch, EndAs, HandlerError};
use serde_json::{Value, json};

pub(crate) const STATES: [&str; 3] = ["first", "second", "third"];

pub(crate) fn total() -> DocumentKey {
    DocumentKey::new("sim", "total")
}

pub(crate) fn trail_of(job: impl std::fmt::Display) -> DocumentKey {
    DocumentKey::new("sim", job.to_string())
}

pub(crate) fn blueprint() -> Blueprint {
    let mut builder = Blueprint::builder("b").start(STATES[0], |context| visit(context, 0));
    for (place, state) in STATES.iter().enumerate().skip(1) {
        builder = builder.state(state, move |context| visit(context, place));
    }
    builder
        .end("done", EndAs::Completed)
        .end("broken", EndAs::Failed)
        .build()
        .unwrap()
}

fn visit(context: &Context<'_>, place: usize) -> Result<Action, HandlerError> {
    let own = trail_of(context.job_id);
    if !context.documents.is_loaded(&own) {
        return Ok(Action::load([own, total()]));
    }
    let mut trail = match context.documents.get(&own) {
        Some(Value::Array(trail)) => trail.clone(),
        _ => Vec::new(),
    };
    trail.push(json!(context.state));
    let visits = context.documents.get(&total()).and_then(Value::as_u64);
    let next = STATES.get(place + 1).copied().unwrap_or("done");
    let dispatch = Dispatch::new(if place == 1 { "u" } else { "t" })
        .on("success", next)
        .on("failure", "broken")
        .execution_timeout_ms(20_000)
        .retry(RetryPolicy {
            max_attempts: 3,
            initial_ms: 200,
            max_ms: 2_000,
        });
    Ok(Action::dispatch(dispatch)
        .set("trail", trail.clone())
        .put(own, json!(trail))
        .put(total(), json!(visits.unwrap_or(0) + 1)))
}
