//! `POST /jobs/{job_id}/cancel`: stops a job. For its owner and for admins.

use avtomatika_engine::service::EngineError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::job_id;
use crate::access::Party;
use crate::http::{ApiError, Path};
use crate::server::AppState;

pub(crate) async fn cancel_job(
    State(state): State<AppState>,
    party: Party,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    match state.engine.cancel_for(party.reach(), job_id(&id)?).await {
        Ok(_) => Ok(Json(json!({ "status": "cancellation_request_accepted" }))),
        Err(EngineError::Ignored(_)) => Err(ApiError::new(
            StatusCode::CONFLICT,
            "JOB_ENDED",
            "Job is not in a state that can be cancelled (must be waiting for a worker).",
        )
        .hint("it has already ended")),
        Err(error) => Err(error.into()),
    }
}
