//! Processes of a test: killed with it, their output in a file.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};

/// A running program.
pub struct Process {
    child: Child,
    pub pid: u32,
    /// Where everything it writes is kept.
    pub log: PathBuf,
}

/// The server's binary.
pub fn avtomatika() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_avtomatika"));
    clean(&mut command);
    command
}

/// Takes settings and proxies of the surroundings away from a program.
pub fn clean(command: &mut Command) {
    for (name, _) in std::env::vars() {
        let lower = name.to_lowercase();
        let keep = matches!(name.as_str(), "PATH" | "HOME" | "DOCKER_HOST" | "TMPDIR");
        if !keep || lower.ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command.env("NO_PROXY", "*").env("no_proxy", "*");
}

impl Process {
    /// Starts a program; its output is added to the log.
    pub fn start(mut command: Command, log: &Path) -> Self {
        let open = || -> File {
            let file = OpenOptions::new().create(true).append(true).open(log);
            file.unwrap()
        };
        command
            .stdin(Stdio::null())
            .stdout(open())
            .stderr(open())
            .kill_on_drop(true);
        let child = command.spawn().unwrap();
        let pid = child.id().unwrap();
        let log = log.to_path_buf();
        Self { child, pid, log }
    }

    /// What it has written so far.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }

    /// Sends a signal by name, e.g. `STOP`.
    pub fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill")
            .args([&format!("-{name}"), &self.pid.to_string()])
            .status()
            .unwrap();
        assert!(sent.success(), "kill -{name} {}", self.pid);
    }

    /// kill -9, and waits for the end.
    pub async fn kill_nine(mut self) {
        self.child.kill().await.unwrap();
    }

    /// SIGTERM, and waits for the end, at most so long.
    pub async fn terminate(mut self, at_most: Duration) -> ExitStatus {
        self.signal("TERM");
        let ended = tokio::time::timeout(at_most, self.child.wait()).await;
        let Ok(status) = ended else {
            self.child.kill().await.unwrap();
            panic!(
                "did not end within {at_most:?} of SIGTERM:\n{}",
                self.output()
            );
        };
        status.unwrap()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}
