//! The worker that makes deliveries. It takes them from the queue and reports what became of them
//! as every worker does, but without HTTP.

use std::sync::Arc;
use std::time::Duration;

use avtomatika_engine::Engine;
use avtomatika_engine::service::{EngineError, Handout, INTERNAL_WORKERS, Poll, WEBHOOK_TASK};
use avtomatika_protocol::WorkerId;
use avtomatika_protocol::worker::{Registration, ResultMessage};
use serde_json::Map;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::WebhookSettings;
use super::attempt::attempt;
use super::post::Poster;

/// Deliveries at once.
const DELIVERIES_MAX: u32 = 8;
/// How long to wait after something went wrong in the engine.
const PAUSE: Duration = Duration::from_secs(1);
/// How long attempts under way may take when the server stops.
const LAST_ATTEMPTS: Duration = Duration::from_secs(3);
/// How often a report that could not be taken is made again.
const REPORTS_MAX: u32 = 5;

/// The worker.
pub(crate) struct Deliveries {
    engine: Engine,
    settings: WebhookSettings,
    poster: Poster,
    name: WorkerId,
}

impl Deliveries {
    pub(crate) fn new(engine: Engine, settings: WebhookSettings) -> Self {
        let name = format!("{INTERNAL_WORKERS}webhooks.{}", uuid::Uuid::now_v7());
        Self {
            engine,
            settings,
            poster: Poster::new(),
            name: WorkerId(name),
        }
    }

    /// Delivers until `stop`, then gives attempts under way a moment to end.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let this = Arc::new(self);
        let mut attempts = JoinSet::new();
        let mut is_registered = false;
        while !stop.is_cancelled() {
            if !is_registered {
                match this.register().await {
                    Ok(()) => is_registered = true,
                    Err(error) => {
                        tracing::warn!(%error, "webhooks can't be delivered yet");
                        let _ = stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
                        continue;
                    }
                }
            }
            let under_way = attempts.len();
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = attempts.join_next() => {}
                taken = this.take(under_way) => match taken {
                    Ok(Some(handout)) => {
                        attempts.spawn(Arc::clone(&this).deliver(handout));
                    }
                    Ok(None) => {}
                    Err(EngineError::UnknownWorker) => is_registered = false,
                    Err(error) => {
                        tracing::warn!(%error, "failed to take a webhook's delivery");
                        let _ = stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
                    }
                },
            }
        }
        // What isn't done by then goes back to the queue and is tried again.
        let ending = async { while attempts.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_ATTEMPTS, ending).await;
        attempts.shutdown().await;
        if let Err(error) = this.engine.dismiss(&this.name).await {
            tracing::debug!(%error, "the worker of webhooks left without a word");
        }
    }

    async fn register(&self) -> Result<(), EngineError> {
        let registration = Registration {
            worker_id: self.name.clone(),
            worker_type: "webhooks".to_owned(),
            supported_tasks: vec![WEBHOOK_TASK.to_owned()],
            max_concurrent_tasks: Some(DELIVERIES_MAX),
            task_type_limits: Map::new(),
            more: Map::new(),
        };
        self.engine.register(registration).await.map(|_| ())
    }

    /// Waits for a delivery. Each call is a sign of life that keeps those under way.
    async fn take(&self, under_way: usize) -> Result<Option<Handout>, EngineError> {
        let wait_ms = self.engine.settings().lease_ms / 3;
        let is_full = under_way >= DELIVERIES_MAX as usize;
        let poll = Poll {
            worker: self.name.clone(),
            types: None,
            wait_ms: if is_full { 0 } else { wait_ms },
        };
        let taken = self.engine.poll(poll).await?;
        if taken.is_none() && is_full {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        Ok(taken)
    }

    async fn deliver(self: Arc<Self>, handout: Handout) {
        let task = &handout.message;
        let result = attempt(&self.settings, &self.poster, task).await;
        let message = ResultMessage {
            job_id: task.job_id,
            task_id: task.task_id,
            worker_id: self.name.clone(),
            result,
            lease: Some(handout.lease),
            want_next: false,
        };
        for _ in 0..REPORTS_MAX {
            match self.engine.report(message.clone()).await {
                Ok(_) => return,
                Err(EngineError::JobNotFound) => return,
                Err(error) => {
                    tracing::warn!(%error, job = %task.job_id, "failed to note a webhook's delivery");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}
