//! The real binary, in a folder and an environment of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use super::server::{Server, TOKEN};

/// The binary, ready to be run.
pub(crate) struct Program {
    pub(crate) folder: TempDir,
    environment: Vec<(String, String)>,
}

/// What a run left.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    /// The binary with nothing around it.
    pub(crate) fn bare() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
        }
    }

    /// The binary that knows a server by its environment.
    pub(crate) fn at(server: &Server) -> Self {
        Self::bare()
            .env("AVTOMATIKA_URL", &server.url)
            .env("AVTOMATIKA_TOKEN", TOKEN)
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file in the program's folder.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_avtomatika-bot"));
        command
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("HOME", self.folder.path())
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Starts the program and leaves it running.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(self.folder.path(), arguments).spawn().unwrap()
    }

    /// Runs the program to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(self.folder.path(), arguments, "").await
    }

    /// Runs the program in a folder, with something on standard input.
    pub(crate) async fn run_with(&self, folder: &Path, arguments: &[&str], stdin: &str) -> Ran {
        let mut child = self.command(folder, arguments).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // A program that doesn't read leaves a broken pipe, which is no fault here.
        let _ = input.write_all(stdin.as_bytes()).await;
        drop(input);
        Ran::of(child).await
    }
}

impl Ran {
    /// Waits for a program's end.
    pub(crate) async fn of(child: Child) -> Self {
        let output = child.wait_with_output().await.unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The one JSON document on standard output.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(
            self.stdout.lines().count(),
            1,
            "one document: {}",
            self.stdout
        );
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Everything printed.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}
