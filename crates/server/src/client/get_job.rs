//! `GET /jobs/{job_id}`: reads a job, waiting for a change with `?wait=30s`.

use avtomatika_protocol::job::JobView;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::job_id;
use crate::access::Party;
use crate::http::{ApiError, Path, Query, parse_wait};
use crate::server::AppState;

/// The query.
#[derive(Deserialize)]
pub(crate) struct Parameters {
    wait: Option<String>,
}

pub(crate) async fn get_job(
    State(state): State<AppState>,
    party: Party,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<JobView>, ApiError> {
    let wait = parameters.wait.as_deref().map(parse_wait).transpose()?;
    let client = &party.account.client;
    let job = state.engine.job(&client.id, job_id(&id)?, wait);
    let still = || party.still(&state.access);
    Ok(Json(state.access.guard(still, job).await??))
}
