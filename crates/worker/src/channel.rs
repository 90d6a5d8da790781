//! Hearing at once what heartbeats would tell later.

use std::time::Duration;

use avtomatika_protocol::TaskId;
use avtomatika_protocol::worker::HeartbeatAnswer;
use serde::Deserialize;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::http::ChannelError;
use crate::session::Session;

/// A channel that held this long was a good one.
const SETTLED: Duration = Duration::from_secs(30);
/// The longest pause before another attempt.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// What the server may say.
#[derive(Deserialize)]
struct Command {
    command: String,
    #[serde(default)]
    task_id: Option<TaskId>,
}

impl Session {
    /// Keeps a channel open for ever. It is an extra: without one, heartbeats tell the same.
    pub(crate) async fn keep_channel(&self) {
        if !self.shared.settings.websocket || self.is_seed_era() {
            return std::future::pending().await;
        }
        let mut backoff = Backoff::new(Duration::from_secs(1), PAUSE_MAX);
        loop {
            let begun = Instant::now();
            let ended = self.hear().await;
            tracing::debug!(server = %self.client.server(), ?ended, "no channel");
            if begun.elapsed() > SETTLED {
                backoff.reset();
            }
            tokio::time::sleep(backoff.next()).await;
        }
    }

    async fn hear(&self) -> Result<(), ChannelError> {
        let mut channel = self.client.channel().await?;
        tracing::debug!(server = %self.client.server(), "channel open");
        while let Some(text) = channel.next().await? {
            // Commands of other kinds are for others.
            let Ok(command) = serde_json::from_str::<Command>(&text) else {
                continue;
            };
            if let ("cancel_task", Some(task)) = (command.command.as_str(), command.task_id) {
                let answer = HeartbeatAnswer {
                    cancel_task_ids: vec![task],
                    ..HeartbeatAnswer::default()
                };
                self.running.obey(&answer, &[]);
            }
        }
        Ok(())
    }
}
