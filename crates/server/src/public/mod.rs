//! What anybody may call.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::http::ApiError;
use crate::server::AppState;

/// `GET /_public/status`: `ok` while the server takes work.
pub(crate) async fn status(State(state): State<AppState>) -> Json<Value> {
    let status = if state.engine.is_draining() {
        "draining"
    } else if state.engine.store_is_full() {
        "read_only"
    } else {
        "ok"
    };
    Json(json!({ "status": status }))
}

/// `GET /metrics`: Prometheus text format 0.0.4.
pub(crate) async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    crate::metrics::set_gauges(&state.engine.stats().await?);
    state.metrics.run_upkeep();
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], state.metrics.render()))
}
