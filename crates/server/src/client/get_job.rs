//! `GET /jobs/{job_id}`: reads a job, waiting for a change with `?wait=30s`, or for its end with
//! `&until=ended`. For its owner and for admins.

use std::time::Duration;

use avtomatika_protocol::JobId;
use avtomatika_protocol::job::JobView;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tokio::time::Instant;

use super::job_id;
use super::purged::purged;
use crate::access::Party;
use crate::http::{ApiError, Path, Query, parse_wait};
use crate::server::AppState;

/// The query.
#[derive(Deserialize)]
pub(crate) struct Parameters {
    wait: Option<String>,
    until: Option<String>,
}

pub(crate) async fn get_job(
    State(state): State<AppState>,
    party: Party,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Response, ApiError> {
    let wait = parameters.wait.as_deref().map(parse_wait).transpose()?;
    let id = job_id(&id)?;
    let job = match parameters.until.as_deref() {
        None | Some("changed") => {
            let job = state.engine.job_for(party.reach(), id, wait);
            let still = || party.still(&state.access);
            state.access.guard(still, job).await?.map_err(Into::into)
        }
        Some("ended") => until_ended(&state, &party, id, wait.unwrap_or_default()).await,
        Some(other) => {
            let text = format!("'{other}' is nothing to wait for");
            return Err(
                ApiError::bad_request("INVALID_WAIT", text).hint("until=changed or until=ended")
            );
        }
    };
    match (job, &state.past) {
        (Err(refusal), Some(past)) if refusal.code() == Some(super::JOB_NOT_FOUND) => {
            match purged(past, party.reach(), id).await? {
                Some(job) => Ok(Json(job).into_response()),
                None => Err(refusal),
            }
        }
        (job, _) => Ok(Json(job?).into_response()),
    }
}

/// Reads a job, waiting so long for it to end.
pub(crate) async fn until_ended(
    state: &AppState,
    party: &Party,
    id: JobId,
    wait: Duration,
) -> Result<JobView, ApiError> {
    let deadline = Instant::now() + wait;
    let engine = &state.engine;
    let ended = async {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let job = engine.job_for(party.reach(), id, Some(left)).await?;
            if job.status.is_terminal() || engine.is_draining() || Instant::now() >= deadline {
                return Ok::<JobView, ApiError>(job);
            }
        }
    };
    state
        .access
        .guard(|| party.still(&state.access), ended)
        .await?
}
