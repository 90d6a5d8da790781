//! A person's decision: `POST /jobs/{job_id}/decision`, and as the first generation has it
//! `POST /_public/webhooks/approval/{job_id}`, which also takes the question's own token.

use avtomatika_engine::machine::Ignored;
use avtomatika_engine::service::{Authority, EngineError, Verdict};
use avtomatika_protocol::JobId;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{bounded, job_id};
use crate::access::{Caller, has_client_token};
use crate::http::{ApiError, Path, Peer, Query, json as read_json};
use crate::server::AppState;

/// Characters of the name of whoever decides.
const NAME_CHARS_MAX: usize = 200;
/// Characters of what they have to say.
const COMMENT_CHARS_MAX: usize = 4_000;

/// The query of the public route.
#[derive(Deserialize)]
pub(crate) struct Parameters {
    token: Option<String>,
}

/// Decides as the owner of the job.
pub(crate) async fn decide(
    State(state): State<AppState>,
    Caller(client): Caller,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, ApiError> {
    let (verdict, _) = verdict(read_json(body)?)?;
    let id = job_id(&id)?;
    settle(&state, id, Authority::Client(&client.id), verdict).await
}

/// Decides as the owner of the job, or as whoever was sent the question.
pub(crate) async fn approve(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    use axum::extract::FromRequest as _;
    let (mut parts, body) = request.into_parts();
    let client = if has_client_token(&parts) {
        Some(Caller::from_request_parts(&mut parts, &state).await?)
    } else {
        None
    };
    let peer = Peer::of(&parts).cloned();
    let body = Bytes::from_request(Request::from_parts(parts, body), &state).await;
    let (verdict, token) = verdict(read_json(body)?)?;
    if let Some(Caller(client)) = client {
        let id = job_id(&id)?;
        return settle(&state, id, Authority::Client(&client.id), verdict).await;
    }
    let Some(token) = token.or(parameters.token) else {
        return Err(
            ApiError::unauthorized("MISSING_TOKEN", "Client authentication required")
                .hint("send X-Avtomatika-Token, or the token the question came with"),
        );
    };
    // What is no job and what is a job that asks nobody get the same answer.
    let settled = match id.parse::<JobId>() {
        Ok(id) => settle(&state, id, Authority::Token(&token), verdict).await,
        Err(_) => Err(EngineError::WrongToken.into()),
    };
    settled.map_err(|refusal| match refusal.status() {
        StatusCode::UNAUTHORIZED => state.access.wrong_token(peer.as_ref(), refusal),
        _ => refusal,
    })
}

async fn settle(
    state: &AppState,
    id: JobId,
    authority: Authority<'_>,
    verdict: Verdict,
) -> Result<Json<Value>, ApiError> {
    let decision = verdict.decision.clone();
    match state.engine.decide(id, authority, verdict).await {
        Ok(_) => Ok(Json(json!({ "status": "approval_received", "job_id": id }))),
        Err(EngineError::Ignored(Ignored::UnknownDecision)) => Err(ApiError::bad_request(
            "UNKNOWN_DECISION",
            format!("Invalid decision '{decision}' for this job"),
        )
        .hint("the job's `approval.decisions` names those it asks for")),
        Err(error) if error.is_no_approval() => {
            Err(EngineError::Ignored(Ignored::NoApproval).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads a decision, and the token beside it if there is one.
fn verdict(body: Value) -> Result<(Verdict, Option<String>), ApiError> {
    let Value::Object(body) = body else {
        return Err(ApiError::bad_request("INVALID_JSON", "Invalid JSON body"));
    };
    let decision = text(&body, "decision", NAME_CHARS_MAX)?
        .filter(|decision| !decision.is_empty())
        .ok_or_else(|| ApiError::bad_request("MISSING_FIELD", "decision is required in body"))?;
    let verdict = Verdict {
        decision,
        by: text(&body, "by", NAME_CHARS_MAX)?,
        comment: text(&body, "comment", COMMENT_CHARS_MAX)?,
    };
    Ok((verdict, text(&body, "token", NAME_CHARS_MAX)?))
}

fn text(
    body: &Map<String, Value>,
    key: &str,
    chars_max: usize,
) -> Result<Option<String>, ApiError> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => bounded(key, text, chars_max).map(Some),
        Some(_) => Err(ApiError::bad_request(
            "INVALID_MESSAGE",
            format!("{key} must be a text"),
        )),
    }
}
