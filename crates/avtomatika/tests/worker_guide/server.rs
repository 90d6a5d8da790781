//! A server with the guide's blueprint, in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// `avtomatika up`, ended with the test.
pub(crate) struct Server {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts it, and waits until it answers.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let blueprint = crate::blocks().into_iter().find(|block| block.0 == "yaml");
        fs::create_dir(folder.path().join("blueprints")).unwrap();
        fs::write(
            folder.path().join("blueprints/greet.yaml"),
            blueprint.unwrap().1,
        )
        .unwrap();
        // Short leases, so that heartbeats come every second.
        let arguments = "up --no-bot-runner --listen 127.0.0.1:0 --lease-s 3";
        let child = command(env!("CARGO_BIN_EXE_avtomatika").as_ref(), folder.path())
            .args(arguments.split(' '))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, folder };
        server.until(&["jobs", "list"], "no jobs");
        server
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn worker_token(&self) -> String {
        let file = self.folder().join("avtomatika-data/worker.token");
        fs::read_to_string(file).unwrap().trim().to_owned()
    }

    pub(crate) fn url(&self) -> String {
        let file = self.folder().join("avtomatika-data/client.toml");
        let text = fs::read_to_string(file).unwrap();
        let url = text.split('"').find(|part| part.starts_with("http"));
        url.unwrap().to_owned()
    }

    /// What `avtomatika` says, and whether it went well.
    fn run(&self, arguments: &[&str]) -> (String, bool) {
        let program = env!("CARGO_BIN_EXE_avtomatika");
        let mut command = command(program.as_ref(), self.folder());
        let output = command.args(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8(text).unwrap(), output.status.success())
    }

    /// Runs `avtomatika` until it says this.
    pub(crate) fn until(&self, arguments: &[&str], wanted: &str) -> String {
        let begun = Instant::now();
        loop {
            let (text, _) = self.run(arguments);
            if text.contains(wanted) {
                return text;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{text}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Posts a job; its id.
    pub(crate) fn submit(&self, input: &Value) -> String {
        let input = input.to_string();
        let (text, went_well) = self.run(&["jobs", "submit", "v1/jobs/greet", "--input", &input]);
        assert!(went_well, "{text}");
        text.trim().to_owned()
    }

    /// The job once it has ended.
    pub(crate) fn end(&self, job: &str) -> Value {
        self.run(&["jobs", "watch", job]);
        let (text, _) = self.run(&["jobs", "show", job, "--json"]);
        serde_json::from_str(&text).unwrap()
    }
}

/// A program in this folder, with the server's program in its path and no settings of the
/// surroundings.
pub(crate) fn command(program: &Path, folder: &Path) -> Command {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_avtomatika"));
    let path = format!(
        "{}:{}",
        binary.parent().unwrap().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear().env("PATH", path);
    command
}
