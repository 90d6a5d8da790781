//! `POST /_worker/workers/register`.

use avtomatika_protocol::worker::{Registered, Registration};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;

use super::{check_types, message, missing_worker_id, speaker};
use crate::access::Credential;
use crate::http::ApiError;
use crate::server::AppState;

pub(crate) async fn register(
    State(state): State<AppState>,
    credential: Credential,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Registered>, ApiError> {
    let (body, speaker) = speaker(&state.access, &credential, body)?;
    if body.is_empty() {
        // The first generation's words; its status, 500, says it were our fault.
        let text = "Worker data not found in request";
        return Err(ApiError::bad_request("MISSING_FIELD", text)
            .hint("send an object with worker_id and supported_tasks"));
    }
    if speaker.is_none() {
        return Err(missing_worker_id());
    }
    let registration: Registration = message(body)?;
    check_types(registration.supported_tasks.iter().map(String::as_str))?;
    let session_id = state.engine.register(registration).await?;
    let settings = state.engine.settings();
    Ok(Json(Registered {
        status: "registered".to_owned(),
        session_id,
        heartbeat_interval_ms: settings.heartbeat_interval_ms,
        lease_ms: settings.lease_ms,
    }))
}
