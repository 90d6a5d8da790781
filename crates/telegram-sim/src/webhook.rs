//! Delivers updates to a bot's own HTTP server, one at a time, until each is taken.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use axum::{body::Body, extract::Request};
use reqwest::{Response, StatusCode, Url, header::CONTENT_TYPE};
use serde_json::Value;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    api::{perform, read_args},
    clock::{now_ms, now_s},
    state::{BotCell, World},
};

/// Header with the secret that `setWebhook` was given.
const SECRET_HEADER: &str = "X-Telegram-Bot-Api-Secret-Token";
/// Wait after a first failure; it doubles with each further one.
const RETRY_FIRST: Duration = Duration::from_millis(500);
/// Longest wait between two tries.
const RETRY_MAX: Duration = Duration::from_secs(60);
/// Largest answer of a webhook that is read as a call.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// The delivery task of one webhook. It holds the bot weakly: a forgotten bot ends it.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) world: Arc<World>,
    pub(crate) cell: Weak<BotCell>,
    pub(crate) url: Url,
    pub(crate) secret: Option<String>,
    pub(crate) cancel: CancellationToken,
}

impl Delivery {
    /// Runs until the webhook is replaced, deleted, or the server stops.
    pub(crate) async fn run(self) {
        let cancel = self.cancel.clone();
        cancel.run_until_cancelled(self.deliver_all()).await;
    }

    async fn deliver_all(self) {
        let mut wait = RETRY_FIRST;
        while let Some(cell) = self.cell.upgrade() {
            let mut arrived = std::pin::pin!(cell.arrived.notified());
            arrived.as_mut().enable();
            let next = cell.lock().queue.front();
            let Some((id, update)) = next else {
                arrived.await;
                continue;
            };
            match self.deliver(&cell, id, &update).await {
                Ok(()) => wait = RETRY_FIRST,
                Err(reason) => {
                    tracing::debug!(bot = cell.token.id(), reason, "a webhook failed");
                    if let Some(webhook) = &mut cell.lock().webhook {
                        webhook.last_error = Some((now_s(), reason));
                    }
                    sleep(wait).await;
                    wait = (wait * 2).min(RETRY_MAX);
                }
            }
        }
    }

    /// Posts one update. An answer that is not 2xx was a delivery too, but confirms nothing.
    async fn deliver(&self, cell: &Arc<BotCell>, id: i64, update: &Value) -> Result<(), String> {
        let mut request = self
            .world
            .webhook_client
            .post(self.url.clone())
            .json(update);
        if let Some(secret) = &self.secret {
            request = request.header(SECRET_HEADER, secret);
        }
        let answer = request.send().await.map_err(|error| describe(&error))?;
        let status = answer.status();
        cell.lock()
            .queue
            .delivered_by_webhook(id, status.is_success(), now_ms());
        if status.is_success() {
            self.perform_answer(cell, answer).await;
            Ok(())
        } else {
            Err(wrong_response(status))
        }
    }

    /// A webhook may answer with a call instead of making one: its fields, and `method`.
    async fn perform_answer(&self, cell: &Arc<BotCell>, answer: Response) {
        let Some(request) = to_request(answer).await else {
            return;
        };
        let Ok(mut args) = read_args(request, ANSWER_BYTES_MAX).await else {
            return;
        };
        let Some(method) = args.values.remove("method") else {
            return;
        };
        // Nobody hears of a failure, as with the public server; the record of calls has it.
        drop(perform(&self.world, cell, &method, args).await);
    }
}

/// The answer of a webhook, seen as the request that it may be.
async fn to_request(mut answer: Response) -> Option<Request> {
    let content_type = answer.headers().get(CONTENT_TYPE)?.clone();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            return None;
        }
    }
    Request::post("/")
        .header(CONTENT_TYPE, content_type)
        .body(Body::from(body))
        .ok()
}

fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "Read timeout expired".to_owned()
    } else if error.is_connect() {
        "Connection refused".to_owned()
    } else {
        "Connection closed".to_owned()
    }
}

fn wrong_response(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("Unknown");
    format!(
        "Wrong response from the webhook: {} {reason}",
        status.as_u16()
    )
}
