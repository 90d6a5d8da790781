//! `GET /jobs/{job_id}`: reads a job, waiting for a change with `?wait=30s`, or for its end with
//! `&until=ended`.

use std::time::Duration;

use avtomatika_protocol::JobId;
use avtomatika_protocol::job::JobView;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tokio::time::Instant;

use super::job_id;
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
) -> Result<Json<JobView>, ApiError> {
    let wait = parameters.wait.as_deref().map(parse_wait).transpose()?;
    let id = job_id(&id)?;
    match parameters.until.as_deref() {
        None | Some("changed") => {}
        Some("ended") => {
            let wait = wait.unwrap_or_default();
            return Ok(Json(until_ended(&state, &party, id, wait).await?));
        }
        Some(other) => {
            let text = format!("'{other}' is nothing to wait for");
            return Err(
                ApiError::bad_request("INVALID_WAIT", text).hint("until=changed or until=ended")
            );
        }
    }
    let client = &party.account.client;
    let job = state.engine.job(&client.id, id, wait);
    let still = || party.still(&state.access);
    Ok(Json(state.access.guard(still, job).await??))
}

/// Reads a job, waiting so long for it to end.
pub(crate) async fn until_ended(
    state: &AppState,
    party: &Party,
    id: JobId,
    wait: Duration,
) -> Result<JobView, ApiError> {
    let deadline = Instant::now() + wait;
    let client = &party.account.client.id;
    let engine = &state.engine;
    let ended = async {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let job = engine.job(client, id, Some(left)).await?;
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
