//! One attempt at a delivery, and what its answer means.

use std::time::Duration;

use avtomatika_engine::clock::{Clock as _, SystemClock};
use avtomatika_protocol::Failure;
use avtomatika_protocol::error::code;
use avtomatika_protocol::worker::{Outcome, TaskMessage};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::WebhookSettings;
use super::address::{NoAddress, allowed};
use super::post::{Poster, Target};

/// How long one attempt may take, looking the name up included.
const LIMIT: Duration = Duration::from_secs(10);

/// What a delivery's task asks for.
#[derive(Deserialize)]
struct Delivery {
    url: String,
    body: Value,
}

/// Posts a delivery once.
pub(super) async fn attempt(
    settings: &WebhookSettings,
    poster: &Poster,
    task: &TaskMessage,
) -> Outcome {
    let made = tokio::time::timeout(LIMIT, try_once(settings, poster, task)).await;
    let made = made.unwrap_or_else(|_| Err(later("no answer in time")));
    match made {
        Ok(status) => Outcome::success(json!({ "status_code": status.as_u16() })),
        Err(failure) => {
            tracing::info!(
                job = %task.job_id,
                attempt = task.attempt,
                reason = failure.message,
                "a webhook was not delivered"
            );
            Outcome::failure(&failure)
        }
    }
}

async fn try_once(
    settings: &WebhookSettings,
    poster: &Poster,
    task: &TaskMessage,
) -> Result<StatusCode, Failure> {
    let delivery: Delivery =
        serde_json::from_str(task.params.get()).map_err(|_| never("the delivery can't be read"))?;
    let target =
        Target::read(&delivery.url).ok_or_else(|| never("the webhook's address can't be used"))?;
    let lookup = settings.lookup.as_ref();
    let addrs = allowed(lookup, &target.host, target.port, settings.allow_private).await;
    let addrs = addrs.map_err(|error| match error {
        NoAddress::Forbidden => never(&error.to_string())
            .hint("the operator may allow private networks with --webhook-allow-private"),
        NoAddress::Unknown(_) => later(&error.to_string()),
    })?;
    let body = delivery.body.to_string().into_bytes();
    let headers = headers(settings, task, &delivery.body, &body);
    let answered = poster.post(&target, &addrs, headers, body).await;
    let status = answered.map_err(|error| later(&error.to_string()))?;
    match status {
        status if status.is_success() => Ok(status),
        StatusCode::GONE => Err(Failure::new(
            "WEBHOOK_GONE",
            "the receiver wants no more (410)",
        )),
        status => Err(later(&format!("the receiver answered {}", status.as_u16()))),
    }
}

fn headers(
    settings: &WebhookSettings,
    task: &TaskMessage,
    body: &Value,
    bytes: &[u8],
) -> HeaderMap {
    let now_s = SystemClock.now_ms() / 1_000;
    let event = body.get("event").and_then(Value::as_str);
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(
        header::USER_AGENT,
        HeaderValue::from_static(concat!("avtomatika/", env!("CARGO_PKG_VERSION"))),
    );
    for (name, value) in [
        ("x-avtomatika-event", event.unwrap_or_default().to_owned()),
        ("x-avtomatika-delivery", task.task_id.to_string()),
        ("x-avtomatika-attempt", task.attempt.to_string()),
        ("x-avtomatika-timestamp", now_s.to_string()),
        ("x-avtomatika-signature", settings.key.sign(now_s, bytes)),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// A failure worth another attempt.
fn later(text: &str) -> Failure {
    Failure::new(code::TRANSIENT, text)
}

/// A failure no other attempt would mend.
fn never(text: &str) -> Failure {
    Failure::new("WEBHOOK_REFUSED", text)
}
