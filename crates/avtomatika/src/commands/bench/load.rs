//! The load: posting jobs in a closed loop or at a steady rate, and waiting for their completion.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use avtomatika_protocol::job::Accepted;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use super::completions::Completions;
use super::connection::{Connection, request};
use super::figures::{Figures, Watch};
use super::roles::{CLIENT_TOKEN, PATH};

/// A job that takes longer than this is an error.
const JOB_MAX: Duration = Duration::from_secs(60);
/// How often the pacer of a steady load looks: a thread woken for every job would take a good part
/// of the machine it measures.
const PACE: Duration = Duration::from_millis(1);
/// The body every job is posted with, the floor's requests too.
pub(super) const BODY: &str = r#"{"message":"x"}"#;

/// Where jobs are posted, how, and who knows of their completion.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) addr: SocketAddr,
    pub(super) post: Arc<[u8]>,
    pub(super) completions: Arc<Completions>,
    /// The processes whose processor time is the server's.
    pub(super) servers: Arc<[u32]>,
    /// Jobs that take longer are given up; without it they are an error.
    patience: Option<Duration>,
    /// Nobody tells of completed jobs: the post waits for the answer, and asks on if it must.
    asks: bool,
}

impl Target {
    pub(super) fn of(
        addr: SocketAddr,
        post: Vec<u8>,
        completions: Arc<Completions>,
        servers: &[u32],
    ) -> Self {
        Self {
            addr,
            post: post.into(),
            completions,
            servers: servers.into(),
            patience: None,
            asks: false,
        }
    }

    /// Our server, with the worker in this process telling of completions.
    pub(super) fn ours(addr: SocketAddr, server: u32, completions: Arc<Completions>) -> Self {
        let post = request("POST", PATH, ("X-Avtomatika-Token", CLIENT_TOKEN), BODY);
        Self::of(addr, post, completions, &[server])
    }

    /// The same, giving jobs up after so long.
    pub(super) fn patient_for(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// The same, asking the server for the completion in the post itself.
    pub(super) fn asking(mut self) -> Self {
        self.asks = true;
        let token = ("X-Avtomatika-Token", CLIENT_TOKEN);
        self.post = request("POST", &format!("{PATH}?wait=10s"), token, BODY).into();
        self
    }

    /// Posts one job and waits until it is completed; `None`: given up.
    pub(super) async fn job(&self, connection: &mut Connection) -> anyhow::Result<Option<Instant>> {
        let done = async {
            if self.asks {
                return self.ask(connection).await.map(Some);
            }
            let id = self.post(connection).await?;
            Ok(self.completions.of(id).await)
        };
        match tokio::time::timeout(self.patience.unwrap_or(JOB_MAX), done).await {
            Ok(done) => done,
            Err(_) if self.patience.is_some() => Ok(None),
            Err(_) => anyhow::bail!("a job was not completed in time"),
        }
    }

    /// Posts one job, and asks until it has ended.
    async fn ask(&self, connection: &mut Connection) -> anyhow::Result<Instant> {
        let (mut status, mut body) = connection.call(&self.post).await?;
        let mut again = None;
        loop {
            anyhow::ensure!(matches!(status, 200 | 202), "a job was answered {status}");
            let job: Value = serde_json::from_slice(body)?;
            match job.get("status").and_then(Value::as_str) {
                Some("completed") => return Ok(Instant::now()),
                Some(ended @ ("failed" | "cancelled" | "quarantined")) => {
                    anyhow::bail!("a job ended as {ended}")
                }
                _ => {}
            }
            let again = match &mut again {
                Some(again) => &*again,
                none => {
                    let accepted: Accepted = serde_json::from_slice(body)?;
                    let path = format!("/api/jobs/{}?wait=10s", accepted.job_id);
                    let token = ("X-Avtomatika-Token", CLIENT_TOKEN);
                    &*none.insert(request("GET", &path, token, ""))
                }
            };
            (status, body) = connection.call(again).await?;
        }
    }

    /// Posts one job.
    pub(super) async fn post(&self, connection: &mut Connection) -> anyhow::Result<uuid::Uuid> {
        let (status, body) = connection.call(&self.post).await?;
        anyhow::ensure!(
            status == 202,
            "a job was answered {status}: {}",
            String::from_utf8_lossy(body)
        );
        let accepted: Accepted = serde_json::from_slice(body)?;
        Ok(accepted.job_id.0)
    }

    /// Runs jobs in a closed loop of so many slots: each posts, waits for completion, repeats.
    pub(super) async fn closed_loop(
        &self,
        slots: usize,
        time: Duration,
    ) -> anyhow::Result<Figures> {
        let watch = Watch::start(&self.servers);
        let end = Instant::now() + time;
        let mut running = JoinSet::new();
        for _ in 0..slots {
            let target = self.clone();
            running.spawn(async move {
                let mut connection = Connection::open(target.addr).await?;
                let mut latencies = Vec::new();
                loop {
                    let sent = Instant::now();
                    if sent >= end {
                        return Ok(latencies);
                    }
                    match target.job(&mut connection).await? {
                        Some(done) => latencies.push(done.saturating_duration_since(sent)),
                        // Whatever comes late belongs to a job nobody waits for.
                        None => connection = Connection::open(target.addr).await?,
                    }
                }
            });
        }
        Ok(watch.figures(gather(running).await?))
    }

    /// Posts so many jobs over so many connections and leaves them.
    pub(super) async fn fill(&self, slots: usize, jobs: usize) -> anyhow::Result<Figures> {
        let left = Arc::new(AtomicUsize::new(jobs));
        let watch = Watch::start(&self.servers);
        let mut running = JoinSet::new();
        for _ in 0..slots {
            let (target, left) = (self.clone(), Arc::clone(&left));
            running.spawn(async move {
                let mut connection = Connection::open(target.addr).await?;
                let mut latencies = Vec::new();
                let one_less = |left: usize| left.checked_sub(1);
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
                    .is_ok()
                {
                    let sent = Instant::now();
                    target.post(&mut connection).await?;
                    latencies.push(sent.elapsed());
                }
                Ok(latencies)
            });
        }
        Ok(watch.figures(gather(running).await?))
    }

    /// Posts a job, lets the workers do one, waits until any is completed, repeats: the queue
    /// stays as long as it is. Latencies are those from a post to the next completion.
    pub(super) async fn any_loop(
        &self,
        slots: usize,
        time: Duration,
        gate: &Arc<Semaphore>,
    ) -> anyhow::Result<Figures> {
        let watch = Watch::start(&self.servers);
        let end = Instant::now() + time;
        let mut running = JoinSet::new();
        for _ in 0..slots {
            let (target, gate) = (self.clone(), Arc::clone(gate));
            running.spawn(async move {
                let mut connection = Connection::open(target.addr).await?;
                let mut latencies = Vec::new();
                loop {
                    let sent = Instant::now();
                    if sent >= end {
                        return Ok(latencies);
                    }
                    target.post(&mut connection).await?;
                    gate.add_permits(1);
                    let any = tokio::time::timeout(JOB_MAX, target.completions.any());
                    any.await.context("no job was completed in time")?;
                    latencies.push(sent.elapsed());
                }
            });
        }
        Ok(watch.figures(gather(running).await?))
    }

    /// Runs jobs at a steady rate, whatever becomes of those before. A job's time runs from the
    /// moment it was due, so a server that falls behind can't hide it.
    pub(super) async fn steady(&self, per_second: f64, time: Duration) -> anyhow::Result<Figures> {
        /// Connections; more jobs than these at once wait for one, and are timed meanwhile.
        const CONNECTIONS: usize = 256;
        // Two hundred connections at once are no part of a steady load.
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(Connection::open(self.addr).await?);
        }
        let due = Arc::new(Due::default());
        let watch = Watch::start(&self.servers);
        let pacer = {
            let due = Arc::clone(&due);
            std::thread::spawn(move || due.pace(per_second, time))
        };
        let mut running = JoinSet::new();
        for mut connection in connections {
            let (target, due) = (self.clone(), Arc::clone(&due));
            running.spawn(async move {
                let mut latencies = Vec::new();
                while let Some(at) = due.next().await {
                    if let Some(done) = target.job(&mut connection).await? {
                        latencies.push(done.saturating_duration_since(at));
                    }
                }
                Ok(latencies)
            });
        }
        let latencies = gather(running).await?;
        let paced = tokio::task::spawn_blocking(move || pacer.join()).await?;
        anyhow::ensure!(paced.is_ok(), "the pacer panicked");
        Ok(watch.figures(latencies))
    }
}

async fn gather(
    mut running: JoinSet<anyhow::Result<Vec<Duration>>>,
) -> anyhow::Result<Vec<Duration>> {
    let mut all = Vec::new();
    while let Some(done) = running.join_next().await {
        all.extend(done??);
    }
    Ok(all)
}

/// Jobs that are due, and since when.
#[derive(Default)]
struct Due {
    line: Mutex<(VecDeque<Instant>, bool)>,
    more: Notify,
}

impl Due {
    /// Makes jobs due, looking each [`PACE`]. A job's time runs from its own moment all the same.
    /// On a thread of its own, that a busy runtime can't hold up.
    fn pace(&self, per_second: f64, time: Duration) {
        let start = Instant::now();
        let mut number = 0_u32;
        let after = |number: u32| Duration::from_secs_f64(f64::from(number) / per_second);
        while after(number) < time {
            std::thread::sleep((start + after(number)).saturating_duration_since(Instant::now()));
            let before = number;
            let mut line = self.line.lock();
            while after(number) < time && start + after(number) <= Instant::now() {
                line.0.push_back(start + after(number));
                number += 1;
            }
            drop(line);
            for _ in before..number {
                self.more.notify_one();
            }
            std::thread::sleep(PACE);
        }
        self.line.lock().1 = true;
        self.more.notify_waiters();
        // For those who were about to wait.
        self.more.notify_one();
    }

    async fn next(&self) -> Option<Instant> {
        loop {
            let more = self.more.notified();
            {
                let mut line = self.line.lock();
                if let Some(at) = line.0.pop_front() {
                    return Some(at);
                }
                if line.1 {
                    // Whoever waits behind us is told by us.
                    self.more.notify_one();
                    return None;
                }
            }
            more.await;
        }
    }
}

/// A bare request loop: what the floor is measured by.
pub(super) async fn requests(
    addr: SocketAddr,
    server: u32,
    slots: usize,
    time: Duration,
) -> anyhow::Result<Figures> {
    let post: Arc<[u8]> = request("POST", PATH, ("X-Avtomatika-Token", CLIENT_TOKEN), BODY).into();
    let watch = Watch::start(&[server]);
    let end = Instant::now() + time;
    let mut running = JoinSet::new();
    for _ in 0..slots {
        let post = Arc::clone(&post);
        running.spawn(async move {
            let mut connection = Connection::open(addr).await?;
            let mut latencies = Vec::new();
            loop {
                let sent = Instant::now();
                if sent >= end {
                    return Ok(latencies);
                }
                let (status, _) = connection.call(&post).await?;
                anyhow::ensure!(status == 200, "the bare server answered {status}");
                latencies.push(sent.elapsed());
            }
        });
    }
    Ok(watch.figures(gather(running).await?))
}
