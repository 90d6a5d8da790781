//! `POST /admin/purge`: deletes jobs that ended some time ago. What makes room on a full disk.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::Admin;
use crate::http::{ApiError, Query};
use crate::server::AppState;

/// The query. A misspelt bound must not delete everything.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    /// Only jobs that ended at least so many seconds ago.
    #[serde(default)]
    older_than_s: u64,
}

pub(crate) async fn purge(
    State(state): State<AppState>,
    Admin(_): Admin,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Value>, ApiError> {
    let age_ms = parameters.older_than_s.saturating_mul(1_000);
    let before_ms = (state.engine.now_ms() + 1).saturating_sub(age_ms);
    let deleted = state.engine.purge(before_ms).await?;
    Ok(Json(json!({ "deleted": deleted })))
}
