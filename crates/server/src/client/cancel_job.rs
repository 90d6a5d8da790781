//! `POST /jobs/{job_id}/cancel`: stops a job. For its owner and for admins.

use avtomatika_engine::service::EngineError;
use avtomatika_protocol::{ClientId, JobId};
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
    let id = job_id(&id)?;
    match state.engine.cancel_for(party.reach(), id).await {
        Ok(_) => Ok(Json(json!({ "status": "cancellation_request_accepted" }))),
        Err(EngineError::Ignored(_)) => Err(ApiError::new(
            StatusCode::CONFLICT,
            "JOB_ENDED",
            "Job is not in a state that can be cancelled (must be waiting for a worker).",
        )
        .hint(&hint(&state, party.reach(), id).await)),
        Err(error) => Err(error.into()),
    }
}

/// The message is the first generation's; what is so is said here.
async fn hint(state: &AppState, whose: Option<&ClientId>, id: JobId) -> String {
    let ended = match state.engine.job_for(whose, id, None).await {
        Ok(job) => format!("it has already ended: {}", job.status.as_str()),
        Err(_) => "it has already ended".to_owned(),
    };
    format!("{ended}; a job that has not ended can be cancelled whatever it waits for")
}
