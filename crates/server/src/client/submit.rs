//! `POST {endpoint of a blueprint}`: makes a job, and with `?wait=30s` answers it once it has
//! ended.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use avtomatika_engine::Blueprint;
use avtomatika_engine::service::NewJob;
use avtomatika_protocol::job::Accepted;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, FromRequestParts as _, Request};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use super::{check_allowed, until_ended};
use crate::access::{Party, Purse};
use crate::http::{ApiError, Query, json, parse_wait};
use crate::server::AppState;
use crate::webhooks::is_hopeless;

/// The header that names the client's key for a job.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The longest such key, bytes.
const KEY_MAX_BYTES: usize = 255;
/// The header that names where the job's end is told. The address may hold secrets.
const WEBHOOK: HeaderName = HeaderName::from_static("x-avtomatika-webhook");
/// The header of W3C's trace context.
const TRACE_PARENT: &str = "traceparent";

/// What the query asks for.
#[derive(Debug, Default)]
struct Wishes {
    labels: BTreeMap<String, String>,
    wait: Option<Duration>,
}

pub(crate) async fn submit(
    state: AppState,
    blueprint: &Blueprint,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let party = Party::from_request_parts(&mut parts, &state).await?;
    check_allowed(&party, &blueprint.name)?;
    let Query(query) = Query::from_request_parts(&mut parts, &state).await?;
    let wishes = wishes(query)?;
    let idempotency_key = key(&parts.headers)?;
    let webhook_url = webhook(&parts.headers, &state)?;
    let trace_parent = trace_parent(&parts.headers);
    let request = Request::from_parts(parts, body);
    let input: Value = json(Bytes::from_request(request, &state).await)?;
    let client = Arc::clone(&party.account.client);
    let mut new = NewJob::new(&blueprint.name, client, input);
    new.idempotency_key = idempotency_key;
    new.labels = wishes.labels;
    new.webhook_url = webhook_url;
    new.trace_parent = trace_parent;
    let purse = Purse::of(&party, &state);
    let allowance = purse.allowance();
    new.jobs_live_max = allowance.jobs_live_max;
    new.spend = allowance.spend;
    let submitted = state.engine.submit(new).await;
    let submitted = submitted.map_err(|error| purse.refusal(error))?;
    let headers = purse.left(&state).await;
    if let Some(wait) = wishes.wait {
        let job = until_ended(&state, &party, submitted.job, wait).await?;
        if job.status.is_terminal() {
            return Ok((headers, Json(job)).into_response());
        }
    }
    let accepted = Accepted {
        status: "accepted".to_owned(),
        job_id: submitted.job,
    };
    Ok((StatusCode::ACCEPTED, headers, Json(accepted)).into_response())
}

fn wishes(query: Vec<(String, String)>) -> Result<Wishes, ApiError> {
    let mut wishes = Wishes::default();
    for (key, value) in query {
        match key.as_str() {
            "wait" => wishes.wait = Some(parse_wait(&value)?),
            "label" => {
                let (key, value) = value.split_once(':').ok_or_else(|| {
                    let text = format!("the label '{value}' has no ':'");
                    ApiError::bad_request("INVALID_LABEL", text).hint("write it as label=key:value")
                })?;
                wishes.labels.insert(key.to_owned(), value.to_owned());
            }
            _ => {}
        }
    }
    Ok(wishes)
}

/// The client's key for a job, if it sent one.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
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

fn webhook(headers: &HeaderMap, state: &AppState) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(WEBHOOK) else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(url) if state.posts_to_public_only && is_hopeless(url) => Err(ApiError::bad_request(
            "WEBHOOK_REFUSED",
            "the webhook's host is not on the public internet",
        )
        .hint("webhooks to this machine and to private networks need --webhook-allow-private")),
        Ok(url) => Ok(Some(url.to_owned())),
        Err(_) => Err(ApiError::bad_request(
            "INVALID_WEBHOOK",
            "the webhook's address can't be used",
        )
        .hint("give an http:// or https:// address in ASCII")),
    }
}

/// The trace the job belongs to. One that is not well formed begins none, as W3C has it.
fn trace_parent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(TRACE_PARENT)?.to_str().ok()?;
    let lower_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags] = parts.as_slice() else {
        return None;
    };
    let lengths = [version.len(), trace.len(), span.len(), flags.len()];
    let has_ids = [trace, span].iter().all(|id| id.bytes().any(|b| b != b'0'));
    (lengths == [2, 32, 16, 2]
        && *version != "ff"
        && has_ids
        && parts.iter().all(|part| lower_hex(part)))
    .then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_trace_is_followed() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(TRACE_PARENT, text.parse().unwrap());
            trace_parent(&headers)
        };
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(read(good).as_deref(), Some(good));
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
