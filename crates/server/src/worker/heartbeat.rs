//! `PATCH /_worker/workers/{worker_id}`.

use avtomatika_protocol::WorkerId;
use avtomatika_protocol::worker::Heartbeat;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use serde_json::{Map, Value, json};

use super::{check_outside, check_types};
use crate::access::Credential;
use crate::http::{ApiError, Path, whole};
use crate::server::AppState;

/// Answers the worker's record with what the heartbeat said on top, as the seed era does, and
/// what the worker should stop.
pub(crate) async fn heartbeat(
    State(state): State<AppState>,
    Path(worker): Path<String>,
    credential: Credential,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, ApiError> {
    state.access.admit(&credential, &worker)?;
    check_outside(&worker)?;
    let worker = WorkerId(worker);
    // The seed era takes an empty or unreadable body for a bare sign of life.
    let said: Map<String, Value> = serde_json::from_slice(&whole(body)?).unwrap_or_default();
    let bare = said.is_empty();
    let beat: Heartbeat = serde_json::from_value(Value::Object(said.clone())).map_err(|error| {
        ApiError::bad_request("INVALID_MESSAGE", format!("Invalid heartbeat: {error}"))
    })?;
    check_types(beat.supported_tasks.iter().flatten().map(String::as_str))?;
    let beat = state.engine.heartbeat(&worker, beat).await?;
    if bare {
        return Ok(Json(json!({ "status": "ttl_refreshed" })));
    }
    let mut record = match serde_json::to_value(&beat.record.registration) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    // Whose record it is, is not for the worker to say.
    record.extend(said.into_iter().filter(|(key, _)| key != "worker_id"));
    if let Ok(Value::Object(answer)) = serde_json::to_value(&beat.answer) {
        record.extend(answer);
    }
    Ok(Json(Value::Object(record)))
}
