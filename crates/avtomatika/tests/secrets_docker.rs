//! Secrets are planted everywhere they can come in, and looked for everywhere they could come
//! out: log, data folder, API, images, labels, process list, the CLI's own output.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use avtomatika_telegram_sim::control::Fault;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use support::cli::{self, Ran};
use support::containers::{BotStack, docker, with_bots};
use support::stack::Setup;

const CLIENT: &str = "planted-client-token-5d1f";
const WORKER: &str = "planted-worker-token-8a2c";
/// Given by `-e NAME`, by `--env-file` and by an update.
const FROM_ENVIRONMENT: &str = "planted-by-environment-77e0";
const FROM_FILE: &str = "planted-by-file-c3b9";
const BY_UPDATE: &str = "planted-by-update-19fd";
/// The secret half of the bot's token.
const TELEGRAM: &str = "planted-telegram-secret-e6a4";
const ALL: [&str; 6] = [
    CLIENT,
    WORKER,
    FROM_ENVIRONMENT,
    FROM_FILE,
    BY_UPDATE,
    TELEGRAM,
];

/// A bot that does what it should not: it prints its secrets. It polls, too.
const TALKATIVE: &str = r#"
import os, sys, time, urllib.request
for name in ("ONE", "TWO", "BOT_TOKEN"):
    print(name, "is", os.environ.get(name), flush=True)
    print(name, "is", os.environ.get(name), file=sys.stderr, flush=True)
if os.environ.get("TWO") is None: raise ValueError("no TWO but ONE is " + os.environ["ONE"])
url = os.environ["AVTOMATIKA_TELEGRAM_API_URL"] + "/bot" + os.environ["BOT_TOKEN"]
while True: urllib.request.urlopen(url + "/getUpdates?timeout=5").read()
"#;

/// Which planted secrets are in there, plain or in base64.
fn found_in(bytes: &[u8]) -> Vec<&'static str> {
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let hidden = |secret: &str| {
        // Whatever stands before it: base64 has three alignments.
        (0..3).any(|shift| {
            let padded = [vec![b'x'; shift], secret.as_bytes().to_vec()].concat();
            let text = STANDARD.encode(padded);
            let inner = text.get(4..text.len() - 4).unwrap();
            holds(inner.as_bytes())
        })
    };
    ALL.into_iter()
        .filter(|secret| holds(secret.as_bytes()) || hidden(secret))
        .collect()
}

/// Every finding, as `place: secret`.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn look(&mut self, place: &str, bytes: &[u8]) {
        let found = found_in(bytes).into_iter();
        self.0
            .extend(found.map(|secret| format!("{place}: {secret}")));
    }

    fn look_into(&mut self, folder: &Path) {
        for path in files(folder) {
            let place = path.strip_prefix(folder).unwrap().display().to_string();
            self.look(&place, &std::fs::read(&path).unwrap_or_default());
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path());
    let (folders, mut all): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    all.extend(folders.iter().flat_map(|folder| files(folder)));
    all
}

/// Looks at all command lines of this machine, again and again.
fn watch_command_lines(go_on: Arc<AtomicBool>) -> std::thread::JoinHandle<Vec<String>> {
    std::thread::spawn(move || {
        let mut findings = Findings::default();
        while go_on.load(Ordering::Relaxed) {
            for process in std::fs::read_dir("/proc").unwrap().flatten() {
                if let Ok(line) = std::fs::read(process.path().join("cmdline")) {
                    findings.look(&String::from_utf8_lossy(&line), &line);
                }
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        findings.0
    })
}

/// Runs the CLI with one secret in its environment.
async fn run(bots: &BotStack, arguments: &[&str]) -> Ran {
    let mut command = cli::command(bots.stack.root.path(), arguments);
    command.env("ONE", FROM_ENVIRONMENT);
    let ran = cli::of(command).await;
    let shown = format!("{}{}", ran.stdout, ran.stderr);
    assert_eq!(
        found_in(shown.as_bytes()),
        Vec::<&str>::new(),
        "{arguments:?}\n{shown}"
    );
    ran
}

/// What the engine says of everything of this stack, without the variables of containers, where
/// secrets must be.
fn engine_says(bots: &BotStack) -> String {
    let mut said = String::new();
    for thing in bots.things() {
        let inspected = docker(&["inspect", &thing]).join("\n");
        let mut inspected: Value = serde_json::from_str(&inspected).unwrap();
        if inspected[0]["State"].is_object() {
            inspected[0]["Config"]["Env"].take();
        }
        said.push_str(&inspected.to_string());
        if thing.contains("-deps:") {
            said.push_str(&docker(&["history", "--no-trunc", &thing]).join("\n"));
        }
    }
    said
}

/// Everything the API tells of the jobs.
async fn api_says(bots: &BotStack) -> String {
    let mut said = String::new();
    let jobs = bots.stack.api.get("/api/jobs?limit=1000").await;
    for job in jobs.as_array().unwrap() {
        let id = job["id"].as_str().or(job["job_id"].as_str()).unwrap();
        said.push_str(&bots.stack.api.job(id).await.to_string());
    }
    said.push_str(&jobs.to_string());
    for path in [
        "/api/workers",
        "/api/dashboard",
        "/metrics",
        "/_public/status",
    ] {
        said.push_str(&bots.stack.api.try_get(path).await.unwrap().1);
    }
    assert!(said.contains("\"***\""), "secrets are shown as ***");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_secrets_are_nowhere_but_where_they_belong() {
    let setup = Setup::default()
        .env("CLIENT_TOKEN", CLIENT)
        .env("GLOBAL_WORKER_TOKEN", WORKER)
        .env("LOG_LEVEL", "trace");
    with_bots(setup, |bots| async move {
        let go_on = Arc::new(AtomicBool::new(true));
        let watching = watch_command_lines(Arc::clone(&go_on));
        let file = bots.file("talkative.py", TALKATIVE);
        let token = format!("BOT_TOKEN=424242:{TELEGRAM}\n");
        // Outside the data folder, and removed before that is searched.
        let env = bots.file("secret.env", &format!("TWO={FROM_FILE}\n{token}"));
        let new_env = bots.file("new.env", &format!("TWO={BY_UPDATE}\n{token}"));
        let source = ["--simple", &file, "-r", "aiogram>=3,<4", "-e", "ONE"];

        let start = [&["start", "talks"], &source[..], &["--env-file", &env]].concat();
        run(&bots, &start).await.ok();
        // The one record below `info` that is sure to be written.
        let late = Fault::Slow { delay_ms: 1 };
        bots.sim.fault("424242", None, late, 1).await.unwrap();
        let logs = run(&bots, &["logs", "talks"]).await.ok().stdout;
        assert!(logs.contains("ONE is ***"), "{logs}");
        assert!(logs.contains("TWO is ***"), "{logs}");
        // One that fails, and repeats a secret in its last words.
        let fails = [&["start", "fails"], &source[..]].concat();
        let ran = run(&bots, &fails).await.ended(4);
        assert!(
            ran.stderr.contains("no TWO but ONE is ***"),
            "{}",
            ran.stderr
        );
        let update = [&["update", "talks"], &source[..], &["--env-file", &new_env]].concat();
        run(&bots, &update).await.ok();
        for arguments in [
            &["logs", "talks"][..],
            &["status", "talks", "--json"],
            &["list", "--json"],
            &["restart", "talks", "--json"],
        ] {
            run(&bots, arguments).await.ok();
        }
        let mut findings = Findings::default();
        findings.look("the engine", engine_says(&bots).as_bytes());
        for bot in ["talks", "fails"] {
            run(&bots, &["stop", bot]).await.ok();
        }
        findings.look("the API", api_says(&bots).await.as_bytes());
        go_on.store(false, Ordering::Relaxed);
        findings.0.extend(watching.join().unwrap());
        for name in ["secret.env", "new.env"] {
            std::fs::remove_file(bots.stack.root.path().join(name)).unwrap();
        }
        let log = std::fs::read(bots.stack.log()).unwrap();
        assert!(
            String::from_utf8_lossy(&log).contains("DEBUG"),
            "the log is at debug"
        );
        findings.look_into(bots.stack.root.path());
        // The file the CLI finds the server by, for its owner only.
        let expected = format!("avtomatika-data/client.toml: {CLIENT}");
        assert_eq!(findings.0, [expected]);
    })
    .await;
}
