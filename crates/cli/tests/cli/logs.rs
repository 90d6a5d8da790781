//! logs, once and live.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::support::{Program, Ran, Reply, Server, completed, frame};

fn line(text: &str) -> Value {
    json!({"stream": "stdout", "at": "2026-01-27T10:00:00Z", "text": text})
}

#[tokio::test]
async fn lines_are_data_and_everything_else_is_not() {
    let server = Server::start(|body| {
        assert_eq!(
            (&body["action"], &body["lines"]),
            (&json!("logs"), &json!(5))
        );
        completed(json!({
            "status": "success", "logs": "ignored", "cursor": "c1", "container_status": "running",
            "state": "running", "container_name": "bot_1",
            "lines": [line("started"), line("ERROR \u{1b}]52;c;aGk=\u{7}bad\u{202e}")],
        }))
    })
    .await;
    let program = Program::at(&server);
    let ran = program.run(&["logs", "echo", "-n", "5"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout, "started\nERROR ␛]52;c;aGk=␇bad<U+202E>\n");
    assert_eq!(ran.stderr, "Bot echo: ● running  bot_1\n");
    let ran = program.run(&["logs", "echo", "-n", "5", "-t"]).await;
    assert!(
        ran.stdout.starts_with("2026-01-27T10:00:00Z started\n"),
        "{}",
        ran.stdout
    );
    let ran = program.run(&["logs", "echo", "-n", "5", "--json"]).await;
    assert!(!ran.stdout.contains('\u{202e}') && !ran.stdout.contains('\u{1b}'));
    let document = ran.json();
    assert_eq!(
        document["lines"][1]["text"],
        "ERROR \u{1b}]52;c;aGk=\u{7}bad\u{202e}"
    );
    assert_eq!(document["cursor"], "c1");
    assert_eq!(document["state"], "running");
}

#[tokio::test]
async fn a_seed_era_answer_is_read_from_its_text() {
    let server = Server::start(|_| {
        completed(
            json!({"status": "success", "logs": "one\ntwo\n", "container_status": "exited",
            "container_name": "bot_1"}),
        )
    })
    .await;
    let ran = Program::at(&server).run(&["logs", "echo", "-f"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "one\ntwo\n"));
    assert_eq!(
        server.posted().len(),
        1,
        "without a cursor there is nothing to follow"
    );
}

/// A bot that writes `total` lines, three a piece, with faults in between, and then stops.
fn writer(total: usize) -> impl FnMut(&Value) -> Reply + Send {
    let written = Arc::new(Mutex::new(3_usize));
    let mut asked = 0_usize;
    move |body| {
        asked += 1;
        if asked % 4 == 3 {
            return Reply::Refuse(503, json!({"error": "busy", "code": "OVERLOADED"}));
        }
        let mut written = written.lock().unwrap();
        let from = match body["cursor"].as_str() {
            Some(cursor) => cursor.strip_prefix("at-").unwrap().parse().unwrap(),
            None => 0,
        };
        if body.get("cursor").is_some() {
            assert_eq!(body["wait_ms"], 15_000);
            assert_eq!(body["lines"], 5_000);
        }
        let lines: Vec<Value> = (from..*written)
            .map(|n| line(&format!("line {n}")))
            .collect();
        let state = if from >= total { "stopped" } else { "running" };
        let data = json!({"status": "success", "lines": lines, "cursor": format!("at-{written}"),
            "state": state, "container_status": state, "container_name": "bot_1"});
        *written = (*written + 3).min(total);
        Reply::Job(vec![
            frame(0, "pending", json!({})),
            frame(20, "completed", json!({"state_history": data})),
        ])
    }
}

fn numbered(total: usize) -> String {
    (0..total).map(|n| format!("line {n}\n")).collect()
}

#[tokio::test]
async fn following_neither_skips_nor_repeats_a_line() {
    let server = Server::start(writer(20)).await;
    let ran = Program::at(&server).run(&["logs", "echo", "-f"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout, numbered(20));
    assert!(
        ran.stderr
            .contains("the log has ended: bot echo is stopped"),
        "{}",
        ran.stderr
    );
    let cursors: Vec<Value> = server
        .posted()
        .iter()
        .map(|body| body["cursor"].clone())
        .collect();
    assert_eq!(cursors[0], Value::Null);
    assert_eq!(cursors[1], "at-3");
}

#[tokio::test]
async fn following_as_json_gives_a_document_a_line() {
    let server = Server::start(writer(9)).await;
    let ran = Program::at(&server)
        .run(&["logs", "echo", "-f", "--json"])
        .await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let texts: Vec<String> = ran
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["text"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(texts.join("\n") + "\n", numbered(9));
}

fn endless() -> impl FnMut(&Value) -> Reply + Send {
    |body: &Value| {
        let first = body.get("cursor").is_none();
        let lines = if first {
            vec![line("hello")]
        } else {
            Vec::new()
        };
        let data = json!({"status": "success", "lines": lines, "cursor": "c", "state": "running"});
        let after = if first { 0 } else { 60_000 };
        Reply::Job(vec![
            frame(0, "pending", json!({})),
            frame(after, "completed", json!({"state_history": data})),
        ])
    }
}

#[tokio::test]
async fn ctrl_c_ends_following_without_a_word() {
    let server = Server::start(endless()).await;
    let program = Program::at(&server);
    let mut child = program.spawn(&["logs", "echo", "-f"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "hello");
    let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let ran = Ran::of(child).await;
    assert_eq!(ran.code, 0);
    assert!(!ran.stderr.contains("Error"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_reader_that_leaves_ends_following() {
    let mut n = 0;
    let server = Server::start(move |_| {
        n += 1;
        completed(
            json!({"status": "success", "lines": [line("x")], "cursor": format!("c{n}"),
            "state": "running"}),
        )
    })
    .await;
    let program = Program::at(&server);
    let mut child = program.spawn(&["logs", "echo", "-f"]);
    drop(child.stdout.take());
    let ran = tokio::time::timeout(Duration::from_secs(10), Ran::of(child))
        .await
        .unwrap();
    assert_eq!(ran.code, 0);
    assert!(!ran.stderr.contains("Error"), "{}", ran.stderr);
}
