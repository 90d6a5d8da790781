//! The Python system's processes: its server, its worker, a Redis of its own. Each is on loopback
//! ports nobody else has, and is ended by its handle.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::child::until_200;
use super::completions::Completions;
use super::proc;
use super::roles::WORKER_TOKEN;

/// The worker's name, and that of its token.
const WORKER: &str = "bench-worker-1";
/// How long a Python server may take to come up.
const SERVER_START_MAX: Duration = Duration::from_secs(20);
/// How long a Redis may take to come up.
const REDIS_START_MAX: Duration = Duration::from_secs(10);

/// Where the Python environments and our programs for them are.
#[derive(Clone, Debug)]
pub(super) struct Pythons {
    /// One folder for each environment.
    pub(super) environments: PathBuf,
    /// Our programs.
    pub(super) programs: PathBuf,
}

/// One published generation of the system.
#[derive(Clone, Copy, Debug)]
pub(super) struct Generation {
    server: (&'static str, &'static str),
    worker: (&'static str, &'static str),
    /// The header a client's token comes in.
    pub(super) header: &'static str,
    /// What a job is posted with.
    pub(super) body: &'static str,
}

/// The newest one.
pub(super) const NEWEST: Generation = Generation {
    server: ("peer-server", "bench_orchestrator.py"),
    worker: ("peer-worker", "bench_worker.py"),
    header: "X-Client-Token",
    body: r#"{"initial_data":{"message":"x"}}"#,
};

/// The seed era's.
pub(super) const SEED: Generation = Generation {
    server: ("peer-seed-server", "bench_seed_orchestrator.py"),
    worker: ("worker", "bench_seed_worker.py"),
    header: "X-Avtomatika-Token",
    body: super::load::BODY,
};

/// Processes that are ended when this is dropped.
pub(super) struct Running {
    pub(super) addr: SocketAddr,
    /// Whose processor time is the server's: the server and its Redis.
    pub(super) servers: Vec<u32>,
    pub(super) completions: Arc<Completions>,
    /// From the start of the server's process to its first 200.
    pub(super) start: Duration,
    /// Resident memory of the server and its Redis then, bytes.
    pub(super) idle_bytes: u64,
    children: Vec<Child>,
    /// Hears of completed jobs.
    _listening: JoinSet<()>,
}

impl Pythons {
    fn interpreter(&self, environment: &str) -> PathBuf {
        self.environments.join(environment).join("bin/python")
    }

    fn command(&self, (environment, program): (&str, &str)) -> Command {
        let mut command = Command::new(self.interpreter(environment));
        command
            .arg(self.programs.join(program))
            .env("RATE_LIMITING_ENABLED", "false")
            .env("LOG_LEVEL", "ERROR")
            .env("LOG_FORMAT", "text")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Starts a server and its worker, on a Redis of its own or in memory.
    pub(super) async fn start(
        &self,
        generation: Generation,
        redis: bool,
        dir: &Path,
    ) -> anyhow::Result<Running> {
        std::fs::create_dir_all(dir)?;
        let (done, listening, completions) = listen().await?;
        let (mut children, mut servers) = (Vec::new(), Vec::new());
        let port = free_port().await?;
        let mut server = self.command(generation.server);
        // A token of its own is what this server is fastest with.
        let tokens = dir.join("workers.toml");
        std::fs::write(&tokens, format!("[{WORKER}]\ntoken = \"{WORKER_TOKEN}\"\n"))?;
        server
            .env("WORKERS_CONFIG_PATH", &tokens)
            .env("GLOBAL_WORKER_TOKEN", "not-used")
            .env("BENCH_PORT", port.to_string())
            .env("BENCH_DONE_PORT", done.to_string());
        if redis {
            let (child, port) = redis_server(dir).await?;
            servers.extend(child.id());
            children.push(child);
            server.env("BENCH_REDIS_PORT", port.to_string());
        }
        let began = Instant::now();
        let server = server
            .spawn()
            .context("failed to start the Python server")?;
        servers.extend(server.id());
        children.push(server);
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let up = tokio::time::timeout(SERVER_START_MAX, until_200(addr, "/_public/status"));
        up.await.context("the Python server did not come up")??;
        let start = began.elapsed();
        let resident = servers.iter().filter_map(|pid| proc::resident_bytes(*pid));
        let idle_bytes = resident.sum();
        children.push(self.worker(generation, addr)?);
        Ok(Running {
            addr,
            servers,
            start,
            idle_bytes,
            completions,
            children,
            _listening: listening,
        })
    }

    /// Starts a generation's worker at a server, ours or its own.
    pub(super) fn worker(&self, generation: Generation, addr: SocketAddr) -> anyhow::Result<Child> {
        self.command(generation.worker)
            .env("ORCHESTRATOR_URL", format!("http://{addr}"))
            .env("WORKER_ID", WORKER)
            .env("WORKER_TOKEN", WORKER_TOKEN)
            .spawn()
            .context("failed to start the Python worker")
    }
}

impl Running {
    /// Ends its processes.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        // The worker first, the storage last.
        while let Some(mut child) = self.children.pop() {
            child.kill().await.context("failed to end a process")?;
        }
        Ok(())
    }
}

/// Hears of completed jobs on a port of its own: datagrams of a job's id and how it ended.
async fn listen() -> anyhow::Result<(u16, JoinSet<()>, Arc<Completions>)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = socket.local_addr()?.port();
    let completions = Arc::new(Completions::default());
    let told = Arc::clone(&completions);
    let mut listening = JoinSet::new();
    listening.spawn(async move {
        let mut datagram = [0; 256];
        while let Ok(length) = socket.recv(&mut datagram).await {
            let text = datagram.get(..length).unwrap_or_default();
            let text = String::from_utf8_lossy(text);
            let mut words = text.split(' ');
            let job = words.next().and_then(|id| id.parse().ok());
            // Any other end is none of those that are counted.
            if let (Some(job), Some("finished")) = (job, words.next()) {
                told.tell(job);
            }
        }
    });
    Ok((port, listening, completions))
}

/// A port nobody has. Somebody may take it before it is used; then the start fails and says so.
async fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    Ok(listener.local_addr()?.port())
}

/// A Redis without any durability, which is what the Python system is fastest with.
async fn redis_server(dir: &Path) -> anyhow::Result<(Child, u16)> {
    let port = free_port().await?;
    let child = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "no", "--dir"])
        .arg(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("failed to start redis-server; scripts/bench-peers.sh installs it")?;
    let connected = async {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(REDIS_START_MAX, connected)
        .await
        .context("redis-server did not come up")?;
    Ok((child, port))
}
