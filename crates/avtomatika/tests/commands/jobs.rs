//! `avtomatika jobs`.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::server::Server;
use crate::{program, run};

const WAITS: &str = "name: waits
endpoint: /jobs/waits
states:
  start:
    await_approval: {message: \"Shall we?\", on: {yes: paid}}
  paid:
    wait_event: {name: paid-2, on: {received: done}}
  done: {end: completed, output: {ok: true}}
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("blueprints")).unwrap();
    fs::write(folder.path().join("blueprints/waits.yaml"), WAITS).unwrap();
    folder
}

fn good(folder: &Path, arguments: &[&str]) -> String {
    let (text, well) = run(folder, arguments);
    assert!(well, "{arguments:?}: {text}");
    text.trim_end().to_owned()
}

/// Waits until a file says this.
fn until(file: &Path, wanted: &str) {
    let begun = Instant::now();
    loop {
        let text = fs::read_to_string(file).unwrap();
        if text.contains(wanted) {
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "no '{wanted}': {text}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_job_is_followed_past_a_restart_of_the_server() {
    let folder = folder();
    let folder = folder.path();
    let server = Server::start(folder);
    assert!(
        server.greeting.contains("avtomatika jobs submit"),
        "{}",
        server.greeting
    );
    assert!(
        server.greeting.contains("/_public/docs"),
        "{}",
        server.greeting
    );
    assert!(
        !server.greeting.contains("avtomatika-bot"),
        "{}",
        server.greeting
    );

    let submit = [
        "jobs",
        "submit",
        "jobs/waits",
        "--input",
        r#"{"sum": 5}"#,
        "--label",
        "shop:north",
    ];
    let job = good(folder, &submit);
    let (out, err) = (folder.join("watch.out"), folder.join("watch.err"));
    let mut watch = program(folder, &["jobs", "watch", &job])
        .stdout(Stdio::from(fs::File::create(&out).unwrap()))
        .stderr(Stdio::from(fs::File::create(&err).unwrap()))
        .spawn()
        .unwrap();
    until(&out, "a person has to decide: Shall we?");
    drop(server);
    until(&err, "trying again in 0.5 s");
    let _server = Server::start(folder);

    let decide = [
        "jobs",
        "decide",
        &job,
        "yes",
        "--by",
        "ann",
        "--comment",
        "go on",
    ];
    good(folder, &decide);
    until(&out, "the event 'paid-2' has not come");
    let told = good(folder, &["jobs", "signal", &job, "paid-3"]);
    assert!(
        told.contains("kept until the job waits for it; it waits for 'paid-2' now"),
        "{told}"
    );
    let told = good(folder, &["jobs", "signal", &job, "paid-2"]);
    assert!(!told.contains("kept"), "{told}");
    let ended = watch.wait().unwrap();
    let (out, err) = (
        fs::read_to_string(out).unwrap(),
        fs::read_to_string(err).unwrap(),
    );
    assert!(ended.success(), "{out}{err}");
    assert!(out.contains("completed"), "{out}");
    // What was told before the restart is not told again.
    assert_eq!(out.matches("Shall we?").count(), 1, "{out}");

    let shown = good(folder, &["jobs", "show", &job]);
    for line in [
        "label      shop:north",
        "input      {\"sum\":5}",
        "result     {\"ok\":true}",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    assert!(
        shown.contains("yes by ann at ") && shown.contains(": go on"),
        "{shown}"
    );
}

#[test]
fn a_submit_may_wait_for_the_end_and_name_a_webhook() {
    let folder = folder();
    let folder = folder.path();
    let quick = "name: quick\nendpoint: /jobs/quick\nstates:\n  start: {goto: done}\n  done: {end: failed}\n";
    fs::write(folder.join("blueprints/quick.yaml"), quick).unwrap();
    let _server = Server::start(folder);
    let (said, well) = run(folder, &["jobs", "submit", "jobs/quick", "--wait"]);
    assert!(!well && said.contains("failed"), "{said}");
    let bad = ["jobs", "submit", "jobs/quick", "--webhook", "ftp://nowhere"];
    let (said, well) = run(folder, &bad);
    assert!(!well && said.contains("INVALID_WEBHOOK"), "{said}");
    // A job that isn't there is nothing to come back for.
    let (said, well) = run(
        folder,
        &["jobs", "watch", "01a1fe58-6f43-701e-8a94-14d7ea1a4e3e"],
    );
    assert!(!well && said.contains("JOB_NOT_FOUND"), "{said}");
}

#[test]
fn broken_blueprint_files_are_told_by_the_server_too() {
    let folder = folder();
    let folder = folder.path();
    let _server = Server::start(folder);
    let file = folder.join("blueprints/waits.yaml");
    let log = folder.join("server.log");
    fs::write(&file, WAITS.replace("paid}", "piad}")).unwrap();
    until(&log, "blueprint file refused");
    fs::write(&file, WAITS).unwrap();
    until(&log, "blueprint file is good again");
}
