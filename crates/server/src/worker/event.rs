//! `POST /_worker/events`: what a worker tells while it works.

use avtomatika_protocol::worker::WorkerEvent;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use serde_json::{Value, json};

use super::{message, missing_worker_id, speaker};
use crate::access::Credential;
use crate::http::ApiError;
use crate::server::AppState;

pub(crate) async fn event(
    State(state): State<AppState>,
    credential: Credential,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, ApiError> {
    let (body, speaker) = speaker(&state.access, &credential, body)?;
    if speaker.is_none() {
        return Err(missing_worker_id());
    }
    let event: WorkerEvent = message(body)?;
    state.engine.progress(event).await?;
    Ok(Json(json!({ "status": "event_accepted" })))
}
