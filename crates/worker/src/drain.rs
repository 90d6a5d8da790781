//! Going down in order.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::run::Stop;
use crate::session::Session;

/// How long handlers may take to notice that they must stop now.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// How long the last results may take to reach the server.
const LAST_RESULTS: Duration = Duration::from_secs(3);

impl Session {
    /// Lets running handlers finish, stops those that don't, delivers what there is to deliver
    /// and takes leave. No new task is begun: polling has ended.
    pub(crate) async fn drain(&self, mut lanes: JoinSet<()>) {
        let known = self.registered.borrow().generation > 0;
        tokio::select! {
            () = self.finish_lanes(&mut lanes) => {}
            // Leases must not run out while handlers finish.
            () = self.keep_alive(), if known => {}
        }
        if known && let Err(error) = self.send_heartbeat("offline").await {
            tracing::warn!(server = %self.client.server(), %error, "failed to take leave");
        }
    }

    async fn finish_lanes(&self, lanes: &mut JoinSet<()>) {
        let drain_timeout = self.shared.settings.drain_timeout;
        if tokio::time::timeout(drain_timeout, all_ended(lanes))
            .await
            .is_ok()
        {
            return;
        }
        tracing::warn!(
            tasks = self.running.len(),
            "stopping tasks that are still running"
        );
        self.running.stop_all(Stop::Draining);
        let last = self.shared.settings.cancel_grace.min(STOP_GRACE) + LAST_RESULTS;
        if tokio::time::timeout(last, all_ended(lanes)).await.is_ok() {
            return;
        }
        tracing::warn!(
            tasks = self.running.len(),
            "left tasks behind that could not be reported"
        );
        lanes.shutdown().await;
    }

    /// Heartbeats of a worker that takes no more tasks.
    async fn keep_alive(&self) {
        self.send_heartbeats("draining").await;
        // The server has forgotten the worker. It won't register again just to leave; what is
        // still running is reported all the same.
        std::future::pending::<()>().await;
    }
}

async fn all_ended(lanes: &mut JoinSet<()>) {
    while lanes.join_next().await.is_some() {}
}
