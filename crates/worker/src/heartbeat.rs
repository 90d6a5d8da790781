//! Telling the server that the worker lives, and what it is running.

use std::time::Duration;

use avtomatika_protocol::worker::Heartbeat;
use rand::Rng as _;
use tokio::time::Instant;

use crate::client::Error;
use crate::session::Session;
use crate::trouble::Trouble;

/// How long a heartbeat that was asked for waits for others to be asked for.
const DEBOUNCE: Duration = Duration::from_millis(100);

/// How long the server may take; a later heartbeat is worth more than a late one.
const TIMEOUT: Duration = Duration::from_secs(5);

impl Session {
    /// Sends heartbeats for ever, or until the server does not know the worker any more.
    /// `status` is what they say while there are free slots.
    pub(crate) async fn send_heartbeats(&self, status: &'static str) {
        let mut trouble = Trouble::default();
        loop {
            let registered = *self.registered.borrow();
            let interval = registered.heartbeat_interval;
            let wait = match self.send_heartbeat(status).await {
                Ok(()) => {
                    trouble.over("heartbeats", self.client.server());
                    // A fleet that was started together should not beat together.
                    interval.mul_f64(rand::rng().random_range(0.85..=1.0))
                }
                Err(Error::UnknownSession) => {
                    self.mark_stale(registered.generation);
                    return;
                }
                Err(error) => {
                    trouble.with("heartbeats", self.client.server(), &error);
                    // Sooner than usual, for leases may run out; but not whenever somebody asks.
                    let sooner = (interval / 5).clamp(DEBOUNCE, Duration::from_secs(3));
                    tokio::time::sleep(sooner).await;
                    continue;
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.heartbeat_now.notified() => tokio::time::sleep(DEBOUNCE.min(wait)).await,
            }
        }
    }

    /// Sends one heartbeat and does what its answer asks for.
    pub(crate) async fn send_heartbeat(&self, status: &'static str) -> Result<(), Error> {
        let body = self.heartbeat(status);
        let answer = self.client.heartbeat(&body, TIMEOUT).await?;
        *self.last_heard.lock() = Instant::now();
        self.running
            .obey(&answer, body.running.as_deref().unwrap_or_default());
        Ok(())
    }

    fn heartbeat(&self, status: &'static str) -> Heartbeat {
        let shared = &self.shared;
        let running = self.running.leases();
        let session_id = self.registered.borrow().session_id;
        let working = status == "idle";
        // A slot that is kept for the answer to a poll is not a busy one.
        let full = working && self.running.len() >= shared.slots.max() as usize;
        let status = if full { "busy" } else { status };
        // The seed era hands out by what the last heartbeat said, so it must be told of full
        // slots and full types. A server with sessions knows by its leases, and would be misled
        // by what was true a moment ago.
        let supported = shared.handlers.types().filter(|name| {
            working && (session_id.is_some() || (!full && shared.slots.type_is_free(name)))
        });
        Heartbeat {
            load: Some(self.running.len() as f64),
            status: Some(status.to_owned()),
            supported_tasks: Some(supported.map(str::to_owned).collect()),
            session_id,
            running: session_id.is_some().then_some(running),
            more: serde_json::Map::new(),
        }
    }
}
