//! `GET /workers`: the workers that showed a sign of life lately.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::access::Caller;
use crate::http::ApiError;
use crate::server::AppState;

pub(crate) async fn list_workers(
    State(state): State<AppState>,
    Caller(_): Caller,
) -> Result<Json<Vec<Value>>, ApiError> {
    let workers = state.engine.live_workers().await?;
    Ok(Json(workers.iter().map(show).collect()))
}

fn show(worker: &avtomatika_engine::storage::WorkerView) -> Value {
    let registration = &worker.record.registration;
    let full = registration
        .max_concurrent_tasks
        .is_some_and(|max| worker.leased.len() >= usize::try_from(max).unwrap_or(usize::MAX));
    json!({
        "worker_id": registration.worker_id,
        "worker_type": registration.worker_type,
        "supported_tasks": registration.supported_tasks,
        "max_concurrent_tasks": registration.max_concurrent_tasks,
        "resources": registration.more.get("resources"),
        "status": if full { "busy" } else { "idle" },
        "load": worker.leased.len(),
        "tasks": worker.leased,
        "task_type_limits": registration.task_type_limits,
        "reputation": worker.standing.reputation,
        "hot": worker.standing.hot,
        "full_of": worker.standing.full_of,
        "registered_at_ms": worker.record.registered_at_ms,
        "last_seen_at_ms": worker.last_seen_ms,
    })
}
