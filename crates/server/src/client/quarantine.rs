//! Jobs that were set aside: list, inspect, release, discard. A client sees its own; one with the
//! role `admin` may ask for those of all.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::job_id;
use crate::access::Party;
use crate::http::{ApiError, Path, Query};
use crate::server::AppState;

/// The longest list in one answer.
const LIMIT_MAX: usize = 1_000;
/// The usual length.
const LIMIT_DEFAULT: usize = 100;

/// The query.
#[derive(Deserialize)]
pub(crate) struct Parameters {
    limit: Option<String>,
    #[serde(default)]
    all: bool,
}

/// `GET /jobs/quarantined`: the jobs themselves, newest first, with whose they are.
pub(crate) async fn list_quarantined(
    State(state): State<AppState>,
    party: Party,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Vec<Value>>, ApiError> {
    let limit = limit(parameters.limit.as_deref())?;
    let whose = if parameters.all {
        check_admin(&party)?;
        None
    } else {
        Some(&party.account.client.id)
    };
    let jobs = state.engine.quarantined_jobs(whose, limit).await?;
    let shown = jobs.into_iter().map(|(client, job)| {
        let mut shown = json!(job);
        shown["client"] = json!(client);
        shown
    });
    Ok(Json(shown.collect()))
}

/// `GET /_public/jobs/quarantined`: the first generation's list of ids, for the client whose jobs
/// they are.
pub(crate) async fn quarantined_ids(
    State(state): State<AppState>,
    party: Party,
) -> Result<Json<Value>, ApiError> {
    let client = &party.account.client.id;
    let ids = state.engine.quarantined(Some(client), LIMIT_MAX).await?;
    Ok(Json(json!(ids)))
}

/// `POST /jobs/{job_id}/release`: has a job do the step that failed once more.
pub(crate) async fn release(
    State(state): State<AppState>,
    party: Party,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id = job_id(&id)?;
    state.engine.release(party.reach(), id).await?;
    Ok(Json(json!({ "status": "released", "job_id": id })))
}

/// `POST /jobs/{job_id}/discard`: gives a job up.
pub(crate) async fn discard(
    State(state): State<AppState>,
    party: Party,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id = job_id(&id)?;
    state.engine.discard(party.reach(), id).await?;
    Ok(Json(json!({ "status": "discarded", "job_id": id })))
}

fn check_admin(party: &Party) -> Result<(), ApiError> {
    if party.reach().is_none() {
        return Ok(());
    }
    Err(ApiError::new(
        axum::http::StatusCode::FORBIDDEN,
        "FORBIDDEN",
        "only a client with the role 'admin' may see the jobs of others",
    )
    .hint("leave `all` out"))
}

fn limit(text: Option<&str>) -> Result<usize, ApiError> {
    let Some(text) = text else {
        return Ok(LIMIT_DEFAULT);
    };
    let limit = text.parse::<usize>().map_err(|_| {
        ApiError::bad_request("INVALID_PAGE", "Invalid limit/offset parameter")
            .hint("both are whole numbers from 0")
    })?;
    Ok(limit.min(LIMIT_MAX))
}
