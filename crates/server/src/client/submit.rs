//! `POST {endpoint of a blueprint}`: makes a job.

use std::pin::Pin;
use std::sync::Arc;

use avtomatika_engine::service::{EngineError, NewJob};
use avtomatika_protocol::job::Accepted;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::access::{Party, Quota};
use crate::http::{ApiError, json};
use crate::server::AppState;

/// The header that names the client's key for a job.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The longest such key, bytes.
const KEY_MAX_BYTES: usize = 255;

type Answer = Result<(StatusCode, HeaderMap, Json<Accepted>), ApiError>;
type Submitting = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The handler for one blueprint's endpoint.
pub(crate) fn submitter(
    blueprint: &str,
) -> impl Fn(State<AppState>, Party, HeaderMap, Result<Bytes, BytesRejection>) -> Submitting
+ Clone
+ use<> {
    let blueprint: Arc<str> = blueprint.into();
    move |State(state), party, headers, body| {
        let blueprint = blueprint.to_string();
        Box::pin(async move {
            check_allowed(&party, &blueprint)?;
            let idempotency_key = key(&headers)?;
            let input: Value = json(body)?;
            let client = Arc::clone(&party.account.client);
            let mut new = NewJob::new(blueprint, client, input);
            new.idempotency_key = idempotency_key;
            new.jobs_live_max = party.account.jobs_live_max;
            let now_ms = state.engine.now_ms();
            let quota = Quota::of(&party.account, now_ms);
            new.spend = quota.as_ref().map(Quota::spend);
            let submitted = match (state.engine.submit(new).await, &quota) {
                (Err(EngineError::QuotaExhausted { .. }), Some(quota)) => {
                    return Err(quota.exceeded(now_ms));
                }
                (submitted, _) => submitted?,
            };
            let accepted = Accepted {
                status: "accepted".to_owned(),
                job_id: submitted.job,
            };
            let mut headers = HeaderMap::new();
            // The job is made: not knowing what is left is no reason to say otherwise.
            if let Some(quota) = quota
                && let Ok(used) = state.engine.spent(&quota.counter).await
            {
                quota.tell(&mut headers, used);
            }
            Ok((StatusCode::ACCEPTED, headers, Json(accepted)))
        })
    }
}

fn check_allowed(party: &Party, blueprint: &str) -> Result<(), ApiError> {
    if party.account.may_start(blueprint) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "BLUEPRINT_NOT_ALLOWED",
        format!("this client may not start jobs of '{blueprint}'"),
    )
    .hint("GET /api/me tells which ones it may"))
}

fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= KEY_MAX_BYTES => Ok(Some(key.to_owned())),
        _ => Err(ApiError::bad_request(
            "INVALID_IDEMPOTENCY_KEY",
            format!("an Idempotency-Key is 1 to {KEY_MAX_BYTES} visible ASCII characters"),
        )),
    }
}
