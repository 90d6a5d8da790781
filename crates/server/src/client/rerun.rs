//! `POST /jobs/{job_id}/rerun`: a new job that repeats one that has ended, from one of its states.

use avtomatika_protocol::job::Accepted;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::{check_allowed, job_id};
use crate::access::{Party, Purse};
use crate::http::{ApiError, Path, json, whole};
use crate::server::AppState;

/// The body, which may be left out.
#[derive(Default, Deserialize)]
struct From {
    state: Option<String>,
}

pub(crate) async fn rerun(
    State(state): State<AppState>,
    party: Party,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, HeaderMap, Json<Accepted>), ApiError> {
    let body = whole(body)?;
    let from: From = if body.is_empty() {
        From::default()
    } else {
        json(Ok(body))?
    };
    let (id, client) = (job_id(&id)?, &party.account.client);
    let old = state.engine.job(&client.id, id, None).await?;
    check_allowed(&party, &old.blueprint_name)?;
    let purse = Purse::of(&party, &state);
    let submitted = state
        .engine
        .rerun(client, id, from.state.as_deref(), purse.allowance())
        .await;
    let submitted = submitted.map_err(|error| purse.refusal(error))?;
    let accepted = Accepted {
        status: "accepted".to_owned(),
        job_id: submitted.job,
    };
    let headers = purse.left(&state).await;
    Ok((StatusCode::ACCEPTED, headers, Json(accepted)))
}
