//! Jobs of one task, end to end over HTTP, on the embedded store.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use avtomatika::{
    Access, Action, Blueprint, ClientEntry, Dispatch, Embedded, EmbeddedOptions, EndAs,
};
use avtomatika::{Engine, Options, Server};
use avtomatika_engine::clock::{Clock as _, SystemClock};
use avtomatika_engine::seal::Sealer;
use avtomatika_protocol::job::Accepted;
use avtomatika_worker::{TaskContext, Worker};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::figures::{Figures, Watch};

const TOKEN: &str = "bench-client";
const WORKER_TOKEN: &str = "bench-worker";
/// Load before anything is measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// A job that takes longer than this is an error.
const JOB_MAX: Duration = Duration::from_secs(30);

/// Server and worker, running.
pub(super) struct Stack {
    engine: Engine,
    addr: SocketAddr,
    worker_stop: CancellationToken,
    server_stop: CancellationToken,
    worker: JoinSet<anyhow::Result<()>>,
    server: JoinSet<anyhow::Result<()>>,
}

impl Stack {
    pub(super) async fn start(dir: &Path) -> anyhow::Result<Self> {
        let store = Embedded::open(EmbeddedOptions::new(dir), SystemClock.now_ms())?;
        let flow = Blueprint::builder("bench")
            .endpoint("/jobs/bench")
            .start("start", |_| {
                Ok(Action::dispatch(
                    Dispatch::new("noop")
                        .on("success", "finished")
                        .on("failure", "failed"),
                ))
            })
            .end("finished", EndAs::Completed)
            .end("failed", EndAs::Failed)
            .build()?;
        let engine = Options::new(Arc::new(store), Sealer::new([0; 32]))
            .blueprint(flow)
            .build();
        let access = Access::default()
            .client(ClientEntry {
                id: "bench".into(),
                token: TOKEN.to_owned(),
                trusted: false,
            })
            .worker_token(WORKER_TOKEN);
        let options = avtomatika_server::Options::new(
            engine.clone(),
            access,
            avtomatika_server::metrics::install(),
        );
        let server = Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), options).await?;
        let addr = server.local_addr()?;
        let (worker_stop, server_stop) = (CancellationToken::new(), CancellationToken::new());
        let mut servers = JoinSet::new();
        let stop = server_stop.clone();
        servers.spawn(async move { server.run(stop).await.map(|_| ()).map_err(Into::into) });
        let noop = Worker::builder(format!("http://{addr}"), "bench-worker")
            .token(WORKER_TOKEN)
            .max_concurrent_tasks(100)
            .task("noop", |_: TaskContext| async { Ok(json!({})) })
            .build()?;
        let mut worker = JoinSet::new();
        let stop = worker_stop.clone();
        worker.spawn(async move { noop.run(stop).await.map_err(Into::into) });
        Ok(Self {
            engine,
            addr,
            worker_stop,
            server_stop,
            worker,
            server: servers,
        })
    }

    /// Runs jobs in a closed loop of so many slots.
    pub(super) async fn measure(&self, slots: usize, seconds: u64) -> anyhow::Result<Figures> {
        self.load(slots, WARM_UP).await?;
        let watch = Watch::start();
        let latencies = self.load(slots, Duration::from_secs(seconds)).await?;
        Ok(Figures::of(latencies, &watch))
    }

    async fn load(&self, slots: usize, time: Duration) -> anyhow::Result<Vec<Duration>> {
        let request = Connection::post("/api/jobs/bench", TOKEN, "{\"message\":\"x\"}");
        let end = Instant::now() + time;
        let mut running = JoinSet::new();
        for _ in 0..slots {
            let (engine, request, addr) = (self.engine.clone(), request.clone(), self.addr);
            running.spawn(async move {
                let mut connection = Connection::open(addr).await?;
                let mut latencies = Vec::new();
                while Instant::now() < end {
                    let sent = Instant::now();
                    let (status, body) = connection.call(&request).await?;
                    anyhow::ensure!(
                        status == 202,
                        "a job was answered {status}: {}",
                        String::from_utf8_lossy(body)
                    );
                    let accepted: Accepted = serde_json::from_slice(body)?;
                    let ended = engine.ended(accepted.job_id, JOB_MAX).await?;
                    let status = ended.context("a job did not end in time")?;
                    anyhow::ensure!(
                        status == avtomatika_protocol::JobStatus::Completed,
                        "a job ended as {}",
                        status.as_str()
                    );
                    latencies.push(sent.elapsed());
                }
                Ok(latencies)
            });
        }
        let mut all = Vec::new();
        while let Some(done) = running.join_next().await {
            all.extend(done??);
        }
        Ok(all)
    }

    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.worker_stop.cancel();
        while let Some(ended) = self.worker.join_next().await {
            ended??;
        }
        self.server_stop.cancel();
        while let Some(ended) = self.server.join_next().await {
            ended??;
        }
        Ok(())
    }
}
