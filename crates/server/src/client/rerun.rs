//! `POST /jobs/{job_id}/rerun`: a new job that repeats one that has ended, from one of its states.

use avtomatika_protocol::job::Accepted;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use serde::Deserialize;

use super::job_id;
use crate::access::Caller;
use crate::http::{ApiError, Path, json, whole};
use crate::server::AppState;

/// The body, which may be left out.
#[derive(Default, Deserialize)]
struct From {
    state: Option<String>,
}

pub(crate) async fn rerun(
    State(state): State<AppState>,
    Caller(client): Caller,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    let body = whole(body)?;
    let from: From = if body.is_empty() {
        From::default()
    } else {
        json(Ok(body))?
    };
    let submitted = state
        .engine
        .rerun(&client.id, job_id(&id)?, from.state.as_deref())
        .await?;
    let accepted = Accepted {
        status: "accepted".to_owned(),
        job_id: submitted.job,
    };
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}
