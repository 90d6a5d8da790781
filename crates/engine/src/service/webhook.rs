//! Telling others: each delivery is a job of its own, made in the commit it tells of, so that it
//! is as durable, as patient and as visible as any other job.

use std::sync::Arc;

use avtomatika_protocol::{ClientId, JobStatus};
use serde_json::{Map, Value, json};

use super::engine::Inner;
use crate::blueprint::{
    Action, Blueprint, BuildError, Client, Context, Dispatch, EndAs, HandlerError, RetryPolicy,
};
use crate::machine::{Job, Question};
use crate::seal;

/// The blueprint deliveries walk through.
pub const WEBHOOK_BLUEPRINT: &str = "avtomatika.webhook";
/// The task that makes one delivery: `{"url", "body"}`, done by the server itself.
pub const WEBHOOK_TASK: &str = "avtomatika.webhook";
/// The client deliveries belong to.
pub const INTERNAL_CLIENT: &str = "avtomatika";

/// What names of workers inside the server, and types of their tasks, begin with. Neither is for
/// workers outside.
pub const INTERNAL_WORKERS: &str = "avtomatika.";

/// How patient a delivery is: with growing pauses, for about a day.
const PATIENCE: RetryPolicy = RetryPolicy {
    max_attempts: 30,
    initial_ms: 1_000,
    max_ms: 3_600_000,
};
/// How long one attempt may take, milliseconds.
const ATTEMPT_MS: u64 = 30_000;

/// The blueprint of deliveries.
pub(super) fn blueprint() -> Result<Blueprint, BuildError> {
    Blueprint::builder(WEBHOOK_BLUEPRINT)
        .start("deliver", deliver)
        .end("completed", EndAs::Completed)
        .end("failed", EndAs::Failed)
        .edge("deliver", "success", "completed")
        .edge("deliver", "failure", "failed")
        .build()
}

fn deliver(context: &Context<'_>) -> Result<Action, HandlerError> {
    let mut params = match context.input {
        Value::Object(map) => map.clone(),
        _ => Map::new(),
    };
    let owner = params.remove("owner");
    let owner = owner.as_ref().and_then(Value::as_str).unwrap_or_default();
    let task = Dispatch::new(WEBHOOK_TASK)
        .params(params)
        .sealed_for(ClientId::from(owner))
        .retry(PATIENCE)
        .execution_timeout_ms(ATTEMPT_MS)
        .on("success", "completed")
        .on("failure", "failed");
    Ok(Action::dispatch(task))
}

/// The delivery that tells of a job's end, if anybody wants to know.
pub(super) fn end(inner: &Inner, job: &Job) -> Option<Job> {
    let url = job.webhook.as_deref()?.clone();
    let event = match job.status {
        JobStatus::Completed => "job_finished",
        JobStatus::Cancelled => "job_cancelled",
        JobStatus::Quarantined => "job_quarantined",
        _ => "job_failed",
    };
    let mut result = job.result.clone().unwrap_or_default();
    seal::hide(&mut result);
    let body = json!({
        "event": event,
        "job_id": job.id,
        "blueprint": job.blueprint,
        "status": job.status,
        "current_state": job.state,
        "result": result,
        "error": job.failure,
        "labels": job.labels,
        "timestamp_ms": job.updated_at_ms,
    });
    delivery(inner, job, &url, &body)
}

/// The delivery of a question to whoever can answer it.
pub(super) fn question(inner: &Inner, job: &Job, question: Question) -> Option<Job> {
    let owner = job.owner().as_str();
    let mut url = Value::from(question.url);
    inner.sealer.seal_leaves(&mut url, owner);
    let mut token = Value::from(question.token);
    inner.sealer.seal_leaves(&mut token, owner);
    let body = json!({
        "event": "approval_requested",
        "job_id": job.id,
        "blueprint": job.blueprint,
        "state": job.state,
        "message": question.message,
        "decisions": question.decisions,
        "approve_path": format!("/_public/webhooks/approval/{}", job.id),
        "token": token,
        "labels": job.labels,
        "timestamp_ms": job.updated_at_ms,
    });
    delivery(inner, job, &url, &body)
}

fn delivery(inner: &Inner, job: &Job, url: &Value, body: &Value) -> Option<Job> {
    let blueprint = inner.registry.newest(WEBHOOK_BLUEPRINT)?;
    let now_ms = inner.clock.now_ms();
    let input = json!({"url": url, "body": body, "owner": job.owner()});
    let client = Arc::new(Client::new(INTERNAL_CLIENT.into(), INTERNAL_CLIENT));
    let id = inner.entropy.job_id(now_ms);
    Some(Job::new(id, &blueprint, client, input, now_ms))
}
