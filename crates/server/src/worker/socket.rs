//! `GET /_worker/ws/{worker_id}`: a channel to a worker, over which it is told at once what it
//! should stop, and over which it may tell how it gets on. Heartbeats and polls go on beside it.

use std::time::Duration;

use avtomatika_engine::service::Push;
use avtomatika_protocol::WorkerId;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use super::check_name;
use super::said::said;
use crate::access::Credential;
use crate::http::{ApiError, Path, Seat};
use crate::server::AppState;

/// The longest message a worker may send, bytes.
const MESSAGE_MAX_BYTES: usize = 64 << 10;
/// How often a ping is sent.
const PING: Duration = Duration::from_secs(20);
/// How long nothing, not even the answer to a ping, may come from the worker.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// How long the worker may take to take a message.
const SEND_MAX: Duration = Duration::from_secs(10);
/// How long the end may take.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// The end of a channel: RFC 6455's code, and the reason.
type End = (u16, &'static str);

/// The worker has another channel, or may not have this one any more.
const POLICY: u16 = 1008;
/// The server goes away.
const AWAY: u16 = 1001;

pub(crate) async fn socket(
    State(state): State<AppState>,
    Path(worker): Path<String>,
    credential: Credential,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    state.access.admit(&credential, &worker)?;
    check_name(&worker)?;
    let upgrade = upgrade.map_err(|_| {
        ApiError::new(
            StatusCode::UPGRADE_REQUIRED,
            "UPGRADE_REQUIRED",
            "this path speaks WebSocket only",
        )
        .hint("send Connection: Upgrade, Upgrade: websocket and the keys that go with them")
    })?;
    let seat = state.sockets.take(&worker)?;
    let channel = Channel {
        worker: WorkerId(worker),
        credential,
        tasks: state.tasks.clone(),
        state,
        _seat: seat,
    };
    Ok(upgrade
        .max_message_size(MESSAGE_MAX_BYTES)
        .max_frame_size(MESSAGE_MAX_BYTES)
        .on_upgrade(move |socket| {
            let tasks = channel.tasks.clone();
            tasks.track_future(channel.serve(socket))
        }))
}

struct Channel {
    state: AppState,
    worker: WorkerId,
    credential: Credential,
    tasks: tokio_util::task::TaskTracker,
    _seat: Seat,
}

impl Channel {
    async fn serve(self, mut socket: WebSocket) {
        let mut pushes = self.state.engine.pushes(&self.worker);
        tracing::debug!(worker = %self.worker, "channel open");
        let access = &self.state.access;
        let still = || access.speaks_for(&self.credential, self.worker.as_str());
        let talk = self.talk(&mut socket, &mut pushes);
        let end = match access.guard(still, talk).await {
            Ok(end) => end,
            Err(_) => Some((POLICY, "Unauthorized")),
        };
        if let Some((code, reason)) = end {
            let frame = CloseFrame {
                code,
                reason: Utf8Bytes::from_static(reason),
            };
            let close = async {
                if socket.send(Message::Close(Some(frame))).await.is_ok() {
                    // The worker answers before the connection may go.
                    while let Some(Ok(_)) = socket.recv().await {}
                }
            };
            let _ = tokio::time::timeout(CLOSE_MAX, close).await;
        }
        tracing::debug!(worker = %self.worker, "channel closed");
    }

    /// Talks until somebody has had enough: the worker if `None` is answered.
    async fn talk(&self, socket: &mut WebSocket, pushes: &mut mpsc::Receiver<Push>) -> Option<End> {
        let mut pings = tokio::time::interval(PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.reset();
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                () = self.state.closing.cancelled() => return Some((AWAY, "Server shutdown")),
                push = pushes.recv() => match push {
                    Some(push) => send(socket, command(push)).await?,
                    None => return Some((POLICY, "New connection established")),
                },
                message = socket.recv() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => self.hear(text.as_bytes()).await,
                        Some(Ok(Message::Binary(bytes))) => self.hear(&bytes).await,
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    }
                }
                _ = pings.tick() => {
                    if heard.elapsed() > SILENCE_MAX {
                        return None;
                    }
                    send(socket, Message::Ping(bytes::Bytes::new())).await?;
                }
            }
        }
    }

    /// Takes what the worker tells. What can't be read is passed over: a channel is no place to
    /// answer.
    async fn hear(&self, bytes: &[u8]) {
        if let Err(refused) = self
            .state
            .access
            .admit(&self.credential, self.worker.as_str())
        {
            tracing::debug!(worker = %self.worker, status = %refused.status(), "word not taken");
            return;
        }
        let Some(said) = said(bytes) else {
            return;
        };
        let engine = &self.state.engine;
        if let Err(error) = engine
            .hear(&self.worker, said.job, said.task, said.payload)
            .await
        {
            tracing::debug!(worker = %self.worker, %error, "progress not taken");
        }
    }
}

fn command(push: Push) -> Message {
    let Push::Cancel { job, task } = push;
    let command = json!({"command": "cancel_task", "task_id": task, "job_id": job});
    Message::Text(command.to_string().into())
}

/// Sends, unless the worker doesn't take it.
async fn send(socket: &mut WebSocket, message: Message) -> Option<()> {
    let sent = tokio::time::timeout(SEND_MAX, socket.send(message)).await;
    sent.ok()?.ok()
}
