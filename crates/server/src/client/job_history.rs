//! `GET /jobs/{job_id}/history`: what happened to a job, oldest first. For its owner and for admins,
//! and also when the job itself has been deleted.

use avtomatika_protocol::history::JobEvent;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use serde::Deserialize;

use super::job_id;
use super::list_jobs::{LIMIT_MAX, paged};
use crate::access::Party;
use crate::history;
use crate::http::{ApiError, Path, Query};
use crate::server::AppState;

/// The query.
#[derive(Deserialize)]
pub(crate) struct Parameters {
    limit: Option<String>,
    cursor: Option<String>,
}

pub(crate) async fn job_history(
    State(state): State<AppState>,
    party: Party,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
    Query(parameters): Query<Parameters>,
) -> Result<Response, ApiError> {
    let id = job_id(&id)?;
    let limit = limit(parameters.limit.as_deref())?;
    let past = state.past.as_ref().ok_or_else(history::off)?;
    let (history, is_current) = past.now().await;
    let Some((owner, _)) = history.job(id).await? else {
        state.engine.job_for(party.reach(), id, None).await?;
        if is_current {
            // Nothing more is on its way: what was told of the job went with an older history.
            let none: [JobEvent; 0] = [];
            return Ok(paged(&uri, &none, None));
        }
        // The history has not heard of it yet: its database can't keep up.
        return Err(history::unavailable());
    };
    if party.reach().is_some_and(|own| *own != owner) {
        return Err(super::no_such_job());
    }
    let page = history
        .events(id, parameters.cursor.as_deref(), limit)
        .await?;
    Ok(paged(&uri, &page.events, page.next.as_deref()))
}

fn limit(text: Option<&str>) -> Result<u32, ApiError> {
    let Some(text) = text else {
        return Ok(LIMIT_MAX);
    };
    text.parse()
        .ok()
        .filter(|limit| (1..=LIMIT_MAX).contains(limit))
        .ok_or_else(|| {
            ApiError::bad_request("INVALID_PAGE", "Invalid limit parameter")
                .hint("a whole number from 1 to 1000")
        })
}
