//! The processes that are measured.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use super::connection::{Connection, request};
use super::proc;

/// How long a child may take to come up: a million jobs take seconds.
const START_MAX: Duration = Duration::from_secs(60);
/// How long it may take to go down.
const STOP_MAX: Duration = Duration::from_secs(30);
/// How often a server that is starting is asked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A server in a process of its own. Killed when dropped.
pub(super) struct Served {
    child: Child,
    /// Held open while the child is to run.
    stdin: Option<ChildStdin>,
    pub(super) addr: SocketAddr,
    pub(super) pid: u32,
    /// From the start of the process to its first 200.
    pub(super) start: Duration,
}

impl Served {
    /// The bare server.
    pub(super) async fn floor() -> anyhow::Result<Self> {
        Self::start(&["bench-role", "floor"], None).await
    }

    /// The server with the embedded store in this folder.
    pub(super) async fn server(data_dir: &Path) -> anyhow::Result<Self> {
        let dir = data_dir.to_str().context("the data folder is not UTF-8")?;
        Self::start(&["bench-role", "server", dir], Some("/_public/status")).await
    }

    /// The whole product, as people start it, without bots.
    pub(super) async fn up(data_dir: &Path) -> anyhow::Result<Self> {
        let dir = data_dir.to_str().context("the data folder is not UTF-8")?;
        let up = [
            "up",
            "--no-bot-runner",
            "--listen",
            "127.0.0.1:0",
            "--data-dir",
            dir,
        ];
        Self::start(&up, Some("/_public/status")).await
    }

    async fn start(args: &[&str], ready: Option<&str>) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("failed to find this program")?;
        let started = Instant::now();
        let mut child = Command::new(program)
            .args(args)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("failed to start a server")?;
        let pid = child.id().context("the server ended at once")?;
        let stdin = child.stdin.take();
        let out = child.stdout.take().context("the server has no output")?;
        let mut line = String::new();
        let mut out = BufReader::new(out);
        let read = tokio::time::timeout(START_MAX, out.read_line(&mut line));
        read.await.context("a server did not come up")??;
        // `up` says it in a sentence.
        let word = line.trim().rsplit(['/', ' ']).next().unwrap_or_default();
        let addr = word
            .parse()
            .with_context(|| format!("a server said '{}'", line.trim()))?;
        if let Some(path) = ready {
            until_200(addr, path).await?;
        }
        Ok(Self {
            child,
            stdin,
            addr,
            pid,
            start: started.elapsed(),
        })
    }

    /// Resident memory.
    pub(super) fn resident_bytes(&self) -> anyhow::Result<u64> {
        proc::resident_bytes(self.pid).context("the server has no memory any more")
    }

    /// Ends it at once: what it has stored is not needed any more.
    pub(super) async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("failed to end a server")
    }

    /// Stops it in good order.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        drop(self.stdin.take());
        let ended = tokio::time::timeout(STOP_MAX, self.child.wait()).await;
        let status = ended.context("a server did not stop")??;
        anyhow::ensure!(status.success(), "a server ended with {status}");
        Ok(())
    }
}

/// Asks until the answer is 200.
pub(super) async fn until_200(addr: SocketAddr, path: &str) -> anyhow::Result<()> {
    let ask = request("GET", path, ("X-Bench", "1"), "");
    let deadline = Instant::now() + START_MAX;
    loop {
        let answer = async {
            let mut connection = Connection::open(addr).await?;
            Ok::<_, anyhow::Error>(connection.call(&ask).await?.0)
        };
        if matches!(answer.await, Ok(200)) {
            return Ok(());
        }
        anyhow::ensure!(
            Instant::now() < deadline,
            "no 200 from {addr}{path} in time"
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
