//! What is shown while a job runs, and how a wait ends.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{Frame, Program, Ran, Reply, Server, frame};

const START: [&str; 5] = ["start", "echo", "--inline", "--code", "1"];

fn phases(names: &[(&str, &str, u64)]) -> Value {
    let phases: Vec<Value> = names
        .iter()
        .map(|(phase, message, at_ms)| json!({"phase": phase, "message": message, "at_ms": at_ms}))
        .collect();
    json!({"phases": phases, "updated_at_ms": 1900,
        "state_history": {"status": "started", "container_name": "bot_1"}})
}

fn story() -> Vec<Frame> {
    let all = [
        ("prepare", "", 1000),
        ("dependencies", "cached", 1100),
        ("create", "", 1500),
        ("start", "", 1600),
        ("gate", "", 1700),
    ];
    vec![
        frame(0, "waiting_for_worker", json!({})),
        frame(100, "waiting_for_worker", phases(&all[..1])),
        frame(200, "waiting_for_worker", phases(&all[..2])),
        frame(300, "waiting_for_worker", phases(&all)),
        frame(400, "completed", phases(&all)),
    ]
}

#[tokio::test]
async fn phases_are_told_as_they_pass() {
    let server = Server::start(|_| Reply::Job(story())).await;
    let program = Program::at(&server);
    let ran = program.run(&START).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stderr, @"
        sending 1 file (1 B), runs bot.py
        … preparation
        ✓ preparation  0.1 s
        … dependencies
        ✓ dependencies (cached)  0.4 s
        ✓ container  0.1 s
        ✓ start  0.1 s
        … health check
        ✓ health check  0.2 s
        ");
    let mut russian = START.to_vec();
    russian.extend(["--lang", "ru"]);
    insta::assert_snapshot!(program.run(&russian).await.stderr, @"
        отправляем 1 файл (1 Б), запускается bot.py
        … подготовка
        ✓ подготовка  0,1 с
        … зависимости
        ✓ зависимости (из кэша)  0,4 с
        ✓ контейнер  0,1 с
        ✓ запуск  0,1 с
        … проверка работы
        ✓ проверка работы  0,2 с
        ");
    let mut json = START.to_vec();
    json.push("--json");
    assert_eq!(program.run(&json).await.stderr, "");
    assert!(
        server.waits().iter().all(|wait| wait == "2s"),
        "{:?}",
        server.waits()
    );
}

#[tokio::test]
async fn the_reason_is_told_when_nothing_moves() {
    let waiting =
        json!({"waiting": {"reason": "no_worker", "message": "no worker", "since_ms": 0}});
    let server = Server::start(move |_| {
        Reply::Job(vec![
            frame(0, "waiting_for_worker", waiting.clone()),
            frame(
                3000,
                "completed",
                json!({"state_history": {"status": "started"}}),
            ),
        ])
    })
    .await;
    let started = Instant::now();
    let ran = Program::at(&server).run(&START).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let reason = "no bot runner is connected";
    assert_eq!(ran.stderr.matches(reason).count(), 1, "{}", ran.stderr);
    // Woken by the server, not found out by polling.
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(server.waits(), ["2s", "20s"]);
}

#[tokio::test]
async fn a_timeout_ends_the_wait_with_5_and_says_that_the_job_goes_on() {
    let server = Server::start(|_| Reply::Job(vec![frame(0, "pending", json!({}))])).await;
    let program = Program::at(&server);
    let mut arguments = START.to_vec();
    arguments.extend(["--timeout", "1"]);
    let started = Instant::now();
    let ran = program.run(&arguments).await;
    assert_eq!(ran.code, 5);
    assert!(started.elapsed() < Duration::from_secs(4));
    assert!(ran.stderr.contains("the job goes on"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("avtomatika-bot status echo"),
        "{}",
        ran.stderr
    );
    arguments.extend(["--json"]);
    assert_eq!(
        program.run(&arguments).await.json()["error"]["code"],
        "TIMEOUT"
    );
}

#[tokio::test]
async fn a_quarantined_and_a_cancelled_job_are_failures() {
    for (status, code) in [("quarantined", "QUARANTINED"), ("cancelled", "CANCELLED")] {
        let server = Server::start(move |_| Reply::Job(vec![frame(0, status, json!({}))])).await;
        let ran = Program::at(&server).run(&["list", "--json"]).await;
        assert_eq!(ran.code, 4);
        assert_eq!(ran.json()["error"]["code"], code);
    }
}

#[tokio::test]
async fn a_restart_of_the_server_is_waited_out() {
    let server = Server::start(|_| {
        Reply::Job(vec![
            frame(0, "waiting_for_worker", json!({})),
            frame(
                2500,
                "completed",
                json!({"state_history": {"status": "started"}}),
            ),
        ])
    })
    .await;
    let program = Program::at(&server);
    let child = program.spawn(&START);
    while server.waits().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.play_dead(Duration::from_millis(1500));
    let ran = Ran::of(child).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("the server doesn't answer, trying again"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("the server answers again"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        server.posted().len(),
        1,
        "the action itself is never repeated"
    );
}

#[tokio::test]
async fn ctrl_c_ends_the_wait_with_130_and_says_how_to_go_on() {
    let server = Server::start(|_| Reply::Job(vec![frame(0, "pending", json!({}))])).await;
    let program = Program::at(&server);
    let child = program.spawn(&START);
    while server.waits().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let ran = Ran::of(child).await;
    assert_eq!(ran.code, 130);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("the job goes on"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("avtomatika-bot status echo"),
        "{}",
        ran.stderr
    );
}
