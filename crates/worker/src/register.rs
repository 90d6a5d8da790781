//! Registration, at the start and whenever the server has forgotten the worker.

use std::time::Duration;

use avtomatika_protocol::worker::Registration;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::client;
use crate::error::Error;
use crate::session::{Registered, Session};
use crate::settings::Settings;

/// What the seed era's workers do when nobody tells them.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);
const LEASE: Duration = Duration::from_secs(60);

/// Heartbeats more frequent than this help nobody.
const HEARTBEAT_INTERVAL_MIN: Duration = Duration::from_millis(20);

impl Session {
    /// Registers, however long it takes.
    ///
    /// # Errors
    /// When the server refuses the very first registration. Later ones are tried for ever: a
    /// worker with tasks in hand is not stopped by a server that is being set up anew.
    pub(crate) async fn register(&self, backoff: &mut Backoff) -> Result<(), Error> {
        let body = self.registration();
        let earlier = self.registered.borrow().generation;
        if earlier > 0 {
            // Others were forgotten in the same moment.
            tokio::time::sleep(backoff.next()).await;
        }
        loop {
            let retry_after = match self.client.register(&body).await {
                Ok(answer) => {
                    self.enter(&answer);
                    return Ok(());
                }
                Err(client::Error::Refused { status, message }) if earlier == 0 => {
                    return Err(Error::RegistrationRefused {
                        server: self.client.server().to_string(),
                        status: status.as_u16(),
                        message,
                    });
                }
                Err(error) => {
                    tracing::warn!(server = %self.client.server(), %error, "failed to register");
                    match error {
                        client::Error::Unavailable { retry_after, .. } => retry_after,
                        _ => None,
                    }
                }
            };
            tokio::time::sleep(backoff.next_at_least(retry_after)).await;
        }
    }

    fn enter(&self, answer: &client::RegisterAnswer) {
        let lease = answer.lease_ms.map_or(LEASE, Duration::from_millis);
        let wished = self.shared.settings.heartbeat_interval.unwrap_or_else(|| {
            answer
                .heartbeat_interval_ms
                .map_or(HEARTBEAT_INTERVAL, Duration::from_millis)
        });
        // One heartbeat may be lost and one be late before a lease runs out.
        let interval = wished.min(lease / 3).max(HEARTBEAT_INTERVAL_MIN);
        *self.last_heard.lock() = Instant::now();
        self.registered.send_modify(|registered| {
            *registered = Registered {
                generation: registered.generation + 1,
                session_id: answer.session_id,
                heartbeat_interval: interval,
                lease,
            };
        });
        tracing::info!(
            server = %self.client.server(),
            worker_id = %self.shared.settings.worker_id,
            session_id = answer.session_id.map(tracing::field::display),
            "registered"
        );
    }

    fn registration(&self) -> Registration {
        let Settings {
            worker_id,
            worker_type,
            max_concurrent_tasks,
            description,
            ..
        } = &self.shared.settings;
        Registration {
            worker_id: worker_id.clone(),
            worker_type: worker_type.clone(),
            supported_tasks: self.shared.handlers.types().map(str::to_owned).collect(),
            max_concurrent_tasks: Some(*max_concurrent_tasks),
            task_type_limits: self.shared.slots.limits(),
            more: description.clone(),
        }
    }
}
