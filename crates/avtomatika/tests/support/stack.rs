//! `avtomatika up` with a folder of its own.

use std::path::PathBuf;
use std::time::Duration;

use super::api::Api;
use super::process::{Process, avtomatika};
use super::until;

pub const CLIENT_TOKEN: &str = "test-client-token";
pub const WORKER_TOKEN: &str = "test-worker-token";

/// How a server is started.
#[derive(Clone, Default)]
pub struct Setup {
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
}

impl Setup {
    pub fn argument(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|&it| it.to_owned()));
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }
}

pub struct Stack {
    process: Option<Process>,
    setup: Setup,
    /// The folder the test works in; the server's data is in `avtomatika-data` below.
    pub root: tempfile::TempDir,
    pub api: Api,
}

impl Stack {
    /// Starts a server on a free port, and waits until it answers.
    pub async fn start(setup: Setup) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut stack = Self {
            process: None,
            setup,
            root,
            api: Api::new("", CLIENT_TOKEN),
        };
        stack.launch("0").await;
        stack
    }

    /// Starts the server again on the same data and port.
    pub async fn start_again(&mut self) {
        let port = self.port().to_owned();
        self.launch(&port).await;
    }

    async fn launch(&mut self, port: &str) {
        assert!(self.process.is_none(), "it runs already");
        let mut command = avtomatika();
        command
            .arg("up")
            .args(["--data-dir".into(), self.data()])
            .args(&self.setup.arguments)
            .env("API_PORT", port)
            .env("CLIENT_TOKEN", CLIENT_TOKEN)
            .env("GLOBAL_WORKER_TOKEN", WORKER_TOKEN)
            .current_dir(self.root.path());
        for (name, value) in &self.setup.environment {
            command.env(name, value);
        }
        if port == "0" {
            // What is there after this was written by the server below.
            let _ = std::fs::remove_file(self.data().join("client.toml"));
        }
        let mut process = Process::start(command, &self.log());
        until(30, "the server answers", || {
            let alive = process.is_running();
            assert!(alive, "the server ended:\n{}", process.output());
            let api = self.written_down();
            async move {
                let Some(api) = api else { return false };
                let answer = api.try_get("/_public/status").await;
                answer.is_ok_and(|(status, _)| status == 200)
            }
        })
        .await;
        self.api = self.written_down().unwrap();
        self.process = Some(process);
    }

    /// Where the server wrote that it is.
    fn written_down(&self) -> Option<Api> {
        let text = std::fs::read_to_string(self.data().join("client.toml")).ok()?;
        let table: toml::Table = text.parse().ok()?;
        Some(Api::new(
            table.get("url")?.as_str()?,
            table.get("token")?.as_str()?,
        ))
    }

    pub fn data(&self) -> PathBuf {
        self.root.path().join("avtomatika-data")
    }

    pub fn log(&self) -> PathBuf {
        self.root.path().join("server.log")
    }

    pub fn port(&self) -> &str {
        self.api.url.rsplit(':').next().unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.process.as_ref().unwrap().pid
    }

    pub fn output(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log()).unwrap_or_default()).into_owned()
    }

    pub async fn kill_nine(&mut self) {
        self.process.take().unwrap().kill_nine().await;
    }

    /// Stops the server as an operator would; it must end well.
    pub async fn stop(&mut self) {
        let Some(process) = self.process.take() else {
            return;
        };
        let status = process.terminate(Duration::from_secs(30)).await;
        assert!(status.success(), "{status}:\n{}", self.output());
    }

    /// `avtomatika worker echo` for this server.
    pub fn echo_worker(&self, name: &str, work_ms: u64) -> Process {
        let mut command = avtomatika();
        command
            .args(["worker", "echo", "--work-ms", &work_ms.to_string()])
            .env("ORCHESTRATOR_URL", &self.api.url)
            .env("WORKER_TOKEN", WORKER_TOKEN)
            .env("WORKER_ID", name);
        Process::start(command, &self.root.path().join(format!("{name}.log")))
    }
}
