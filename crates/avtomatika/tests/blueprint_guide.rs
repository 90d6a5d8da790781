//! The tutorial of `docs/blueprints.md`, done as it says: write, check, draw, run, watch, change
//! while a job runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const GUIDE: &str = include_str!("../../../docs/blueprints.md");

/// The server, ended with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_avtomatika"));
    command
        .current_dir(folder)
        .args(arguments)
        .env("NO_PROXY", "*")
        .env("no_proxy", "*");
    for name in [
        "AVTOMATIKA_URL",
        "AVTOMATIKA_TOKEN",
        "AVTOMATIKA_DATA",
        "BLUEPRINTS_DIR",
    ] {
        command.env_remove(name);
    }
    command
}

/// What a command prints, and whether it went well.
fn run(folder: &Path, arguments: &[&str]) -> (String, bool) {
    let output = command(folder, arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8(text).unwrap(), output.status.success())
}

fn good(folder: &Path, arguments: &[&str]) -> String {
    let (text, went_well) = run(folder, arguments);
    assert!(went_well, "{arguments:?}: {text}");
    text
}

/// Runs a command until it prints this.
fn until(folder: &Path, arguments: &[&str], wanted: &str) -> String {
    let begun = Instant::now();
    loop {
        let (text, _) = run(folder, arguments);
        if text.contains(wanted) {
            return text;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{wanted}: {text}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_tutorial_goes_as_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = GUIDE
        .split("```yaml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let file = folder.join("blueprints/letter.yaml");
    fs::create_dir(folder.join("blueprints")).unwrap();

    // Check.
    fs::write(&file, text.replace("rejected: dropped", "rejected: droped")).unwrap();
    let (shown, went_well) = run(folder, &["blueprint", "check"]);
    assert!(!went_well);
    let first = shown.split("\n\n").next().unwrap();
    for line in first.lines() {
        assert!(GUIDE.contains(line), "the guide lacks: {line}");
    }
    let json = run(folder, &["blueprint", "check", "--json"]).0;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["files"][0]["problems"][0]["line"], 22);
    fs::write(&file, text).unwrap();
    let shown = good(folder, &["blueprint", "check"]);
    assert!(GUIDE.contains(shown.trim_end()), "{shown}");

    // Draw.
    good(
        folder,
        &[
            "blueprint",
            "graph",
            "blueprints/letter.yaml",
            "-o",
            "letter.svg",
        ],
    );
    assert!(
        fs::read_to_string(folder.join("letter.svg"))
            .unwrap()
            .starts_with("<svg")
    );
    assert!(good(folder, &["blueprint", "graph", "blueprints/letter.yaml"]).starts_with("digraph"));

    // Run.
    let arguments = [
        "up",
        "--no-bot-runner",
        "--echo-worker",
        "--listen",
        "127.0.0.1:0",
    ];
    let mut server = command(folder, &arguments);
    let server = server
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _server = Server(server);
    until(folder, &["jobs", "list"], "");
    let submit = |name: &str| {
        let input = format!("{{\"name\": \"{name}\"}}");
        let begun = Instant::now();
        loop {
            let (text, went_well) = run(
                folder,
                &["jobs", "submit", "v1/jobs/letter", "--input", &input],
            );
            if went_well {
                return text.trim().to_owned();
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{text}");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let ann = submit("Ann");
    let (refused, went_well) = run(folder, &["jobs", "submit", "v1/jobs/letter"]);
    assert!(!went_well && refused.contains("name"), "{refused}");

    // Watch.
    let shown = until(folder, &["jobs", "show", &ann], "waiting_for_human");
    assert!(
        shown.contains("Send this? Dear Ann, thank you. Cheers! Cheers! Cheers!"),
        "{shown}"
    );
    assert!(shown.contains("one of approved, rejected"), "{shown}");

    // Change while it runs.
    fs::write(&file, text.replace("thank you", "thanks a lot")).unwrap();
    let begun = Instant::now();
    loop {
        let bob = submit("Bob");
        let shown = until(folder, &["jobs", "show", &bob], "waiting_for_human");
        if shown.contains("Dear Bob, thanks a lot.") {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{shown}");
    }
    good(folder, &["jobs", "decide", &ann, "approved"]);
    let shown = until(folder, &["jobs", "show", &ann], "completed");
    assert!(
        shown.contains("{\"sent\":\"Dear Ann, thank you. Cheers! Cheers! Cheers!\"}"),
        "{shown}"
    );
    until(folder, &["jobs", "history", &ann], "approval_decided");

    // A reader that has read enough, as `head` does.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut show = command(folder, &["jobs", "show", &ann]);
    let output = show.stdout(writer).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
}
