//! Python bots: their environment, and a bot as a child process.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// Folder for what tests make and may keep, within the build folder.
const TMP: &str = env!("CARGO_TARGET_TMPDIR");

/// Makes a virtual environment with these packages, once; further runs find it.
fn environment(name: &str, requirements: &[&str]) -> PathBuf {
    let folder = Path::new(TMP).join(name);
    let ready = folder.join("ready");
    // Tests are processes of their own: one installs, the others wait.
    let lock = File::create(Path::new(TMP).join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if std::fs::read_to_string(&ready).is_ok_and(|text| text == requirements.join(" ")) {
        return folder;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    run(Command::new(folder.join("bin/python"))
        .args(pip)
        .args(requirements));
    std::fs::write(ready, requirements.join(" ")).unwrap();
    folder
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
}

/// A bot process; killed when dropped.
pub(crate) struct PythonBot {
    child: Child,
    log: tempfile::NamedTempFile,
}

impl PythonBot {
    /// Starts `tests/bots/<script>` with an environment that has these packages.
    pub(crate) fn start(env: &str, requirements: &[&str], script: &str, args: &[&str]) -> Self {
        let folder = environment(env, requirements);
        let log = tempfile::NamedTempFile::new().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/bots")
            .join(script);
        let child = Command::new(folder.join("bin/python"))
            .arg(script)
            .args(args)
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::null())
            .stdout(log.reopen().unwrap())
            .stderr(log.reopen().unwrap())
            .spawn()
            .unwrap();
        Self { child, log }
    }

    /// Asks it to stop with SIGTERM and waits for its end.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        run(Command::new("kill").args(["-TERM", &self.child.id().to_string()]));
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "does not stop: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What it printed.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap_or_default()
    }
}

impl Drop for PythonBot {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
