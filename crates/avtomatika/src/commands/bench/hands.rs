//! The worker of the load: our SDK, with a handler that does nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use avtomatika_worker::{TaskContext, Worker};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::completions::Completions;
use super::roles::{TASK, WORKER_TOKEN};

/// A worker at work.
pub(super) struct Hands {
    stop: CancellationToken,
    worker: JoinSet<anyhow::Result<()>>,
}

/// How a worker is to work.
pub(super) struct Work {
    /// Tasks at once.
    pub(super) tasks: u32,
    /// Tasks and results a request carries at most.
    pub(super) batch: u32,
    /// A task is done only after a permit was had here; then any completion is as good as another.
    pub(super) gate: Option<Arc<Semaphore>>,
}

impl Hands {
    /// Starts a worker that tells of every completed job.
    pub(super) fn start(
        addr: SocketAddr,
        work: Work,
        completions: Arc<Completions>,
    ) -> anyhow::Result<Self> {
        let Work { tasks, batch, gate } = work;
        let gated = gate.is_some();
        let noop = Worker::builder(format!("http://{addr}"), "bench-worker")
            .token(WORKER_TOKEN)
            .max_concurrent_tasks(tasks)
            .batch(batch)
            // Whoever waits at the gate when the load has ended is not waited for.
            .drain_timeout(Duration::from_millis(1))
            .cancel_grace(Duration::ZERO)
            .task(TASK, move |_: TaskContext| {
                let gate = gate.clone();
                async move {
                    if let Some(gate) = gate
                        && let Ok(permit) = gate.acquire().await
                    {
                        permit.forget();
                    }
                    json!({})
                }
            })
            // The server has the result on its disk, and with it the end of the job.
            .on_delivered(move |delivered| match delivered.ignored {
                Some(_) => {}
                None if gated => completions.tell_any(),
                None => completions.tell(delivered.job_id.0),
            })
            .build()?;
        let stop = CancellationToken::new();
        let mut worker = JoinSet::new();
        let until = stop.clone();
        worker.spawn(async move { noop.run(until).await.map_err(Into::into) });
        Ok(Self { stop, worker })
    }

    /// Stops it in good order.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        while let Some(ended) = self.worker.join_next().await {
            ended??;
        }
        Ok(())
    }
}
