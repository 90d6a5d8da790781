//! What expressions of a state see of a job.

use avtomatika_engine::Context;
use serde_json::{Map, Value, json};

use crate::expression::{Entry, Scope};

/// The variables of a job, with its data as this state has changed it so far.
pub(super) fn scope<'a>(
    context: &'a Context<'_>,
    data: &'a Map<String, Value>,
    documents: &'a Map<String, Value>,
) -> Scope<'a> {
    let mut scope = Scope::default();
    scope.set("input", Entry::Value(context.input));
    scope.set("data", Entry::Object(data));
    scope.set("documents", Entry::Object(documents));
    scope.set(
        "job",
        Entry::Owned(json!({"id": context.job_id.to_string(), "state": context.state})),
    );
    scope.set(
        "client",
        Entry::Owned(json!({
            "id": context.client.id.as_str(),
            "user_id": context.client.user_id,
            "trusted": context.client.trusted,
        })),
    );
    let task = context.last_task.map_or(Value::Null, |task| {
        json!({
            "type": task.task_type,
            "status": task.status,
            "worker": task.worker.as_ref().map(ToString::to_string),
            "failure": task.failure,
        })
    });
    scope.set("task", Entry::Owned(task));
    scope
}
