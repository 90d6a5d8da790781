//! `avtomatika-bot`, run in the folder of a stack, where it finds the server by itself.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

/// A run that ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Fails the test unless it ended well.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.ended(0)
    }

    /// Fails the test unless it ended with this code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The one JSON document on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn binary() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_avtomatika")).with_file_name("avtomatika-bot");
    assert!(
        binary.exists(),
        "{} is missing: build it too (cargo build -p avtomatika-bot, with the same profile)",
        binary.display()
    );
    binary
}

/// The program, with nothing of the surroundings in its environment.
pub fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .current_dir(root)
        .env_clear()
        .env("HOME", root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

pub async fn run(root: &Path, arguments: &[&str]) -> Ran {
    of(command(root, arguments)).await
}

pub async fn of(mut command: Command) -> Ran {
    let output = command.output().await.unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
