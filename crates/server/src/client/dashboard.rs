//! `GET /dashboard`: counts in a few numbers.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::access::Caller;
use crate::http::ApiError;
use crate::server::AppState;

pub(crate) async fn dashboard(
    State(state): State<AppState>,
    Caller(_): Caller,
) -> Result<Json<Value>, ApiError> {
    let stats = state.engine.stats().await?;
    let queued: u64 = stats.queue.queued.values().sum();
    let running: u64 = stats.queue.leased.values().sum();
    Ok(Json(json!({
        "workers": { "total": stats.live_workers },
        "jobs": { "queued": queued, "running": running, "live": stats.live_jobs },
    })))
}
