//! `POST /_worker/workers/register`.

use avtomatika_protocol::worker::{Registered, Registration};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;

use super::{message, object, worker_in};
use crate::http::ApiError;
use crate::server::AppState;

pub(crate) async fn register(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Registered>, ApiError> {
    let body = object(body)?;
    state.access.check_worker(&headers, worker_in(&body)?)?;
    let registration: Registration = message(body)?;
    let session_id = state.engine.register(registration).await?;
    let settings = state.engine.settings();
    Ok(Json(Registered {
        status: "registered".to_owned(),
        session_id,
        heartbeat_interval_ms: settings.heartbeat_interval_ms,
        lease_ms: settings.lease_ms,
    }))
}
