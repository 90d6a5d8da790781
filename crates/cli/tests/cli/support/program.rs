//! The real binary, in a folder and an environment of its own.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
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

    /// Runs the program on a terminal of 90 columns; answers everything it drew there.
    pub(crate) async fn run_on_terminal(&self, arguments: &[&str]) -> (i32, String) {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let path = Path::new(name.to_str().unwrap());
        let slave = File::options().read(true).write(true).open(path).unwrap();
        let size = Winsize {
            ws_row: 30,
            ws_col: 90,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&slave, size).unwrap();
        let mut command = self.command(self.folder.path(), arguments);
        command.env("TERM", "xterm");
        command.stdout(slave.try_clone().unwrap()).stderr(slave);
        let mut child = command.spawn().unwrap();
        // Every copy of the slave must be closed here for the reading to end.
        drop(command);
        let drawn = tokio::task::spawn_blocking(move || {
            let (mut drawn, mut piece) = (Vec::new(), [0; 4096]);
            let mut master = File::from(master);
            // Linux says EIO once the last one has closed the other end.
            while let Ok(length @ 1..) = master.read(&mut piece) {
                drawn.extend_from_slice(&piece[..length]);
            }
            String::from_utf8_lossy(&drawn).into_owned()
        });
        let code = child.wait().await.unwrap().code().unwrap_or(-1);
        (code, drawn.await.unwrap())
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
