//! `GET /jobs?limit=100&offset=0`: the client's jobs, newest first.

use avtomatika_protocol::job::JobView;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use crate::access::Caller;
use crate::http::{ApiError, Query};
use crate::server::AppState;

/// The longest list in one answer.
const LIMIT_MAX: usize = 1_000;

/// The query.
#[derive(Deserialize)]
pub(crate) struct Parameters {
    limit: Option<String>,
    offset: Option<String>,
}

pub(crate) async fn list_jobs(
    State(state): State<AppState>,
    Caller(client): Caller,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Vec<JobView>>, ApiError> {
    let number = |text: Option<&str>, default: usize| match text {
        None => Ok(default),
        Some(text) => text.parse::<usize>().map_err(|_| {
            ApiError::bad_request("INVALID_PAGE", "Invalid limit/offset parameter")
                .hint("both are whole numbers from 0")
        }),
    };
    let limit = number(parameters.limit.as_deref(), 100)?.min(LIMIT_MAX);
    let offset = number(parameters.offset.as_deref(), 0)?;
    Ok(Json(state.engine.jobs(&client.id, limit, offset).await?))
}
