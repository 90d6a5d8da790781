//! The requests by curl: each shell block is run, and its answer compared with the JSON block
//! behind it. An `…` in the guide, an id, a lease and a time stand for any other.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::server::{Server, command};

/// Keys whose values are another each time.
const ANY: [&str; 5] = ["job_id", "task_id", "session_id", "lease", "lease_ms"];

fn same(told: &Value, answer: &Value) -> bool {
    match (told, answer) {
        (Value::Object(told), Value::Object(answer)) => {
            told.keys().eq(answer.keys())
                && told.iter().all(|(key, value)| {
                    let any = ANY.contains(&key.as_str()) || key.ends_with("_interval_ms");
                    any || same(value, &answer[key])
                })
        }
        (Value::Array(told), Value::Array(answer)) => {
            told.len() == answer.len() && told.iter().zip(answer).all(|(a, b)| same(a, b))
        }
        (Value::String(told), Value::String(_)) if told.ends_with('…') => true,
        _ => told == answer,
    }
}

/// Remembers what later requests name: the last job, task, lease and session.
fn remember(known: &mut BTreeMap<&'static str, String>, answer: &Value) {
    for (key, name) in [
        ("session_id", "SESSION"),
        ("job_id", "JOB"),
        ("task_id", "TASK"),
        ("lease", "LEASE"),
    ] {
        if let Some(value) = answer[key].as_str() {
            known.insert(name, value.to_owned());
        }
    }
    if let Some(task) = answer["tasks"].get(0) {
        remember(known, task);
    }
}

#[test]
fn the_requests_are_answered_as_the_guide_says() {
    let server = Server::start();
    let mut known = BTreeMap::new();
    let mut setting = String::new();
    let mut compared = 0;
    let blocks: Vec<_> = crate::blocks()
        .into_iter()
        .filter(|block| matches!(block.0, "sh" | "json"))
        .collect();
    for (place, (_, script)) in blocks
        .iter()
        .enumerate()
        .filter(|(_, block)| block.0 == "sh")
    {
        let script = script.replace("http://127.0.0.1:8080", &server.url());
        if setting.is_empty() {
            let lines = script.lines().filter(|line| !line.starts_with("curl"));
            setting = lines
                .take(2)
                .fold(String::new(), |all, line| all + line + "\n");
        }
        let whole = format!("{setting}{script}");
        let output = command(Path::new("bash"), server.folder())
            .args(["-euo", "pipefail", "-c", &whole])
            .envs(&known)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{script}\n{text}{errors}");
        // Several commands: a line each.
        let last = text.lines().last().unwrap_or_default();
        let answer: Value = serde_json::from_str(last).unwrap_or_default();
        if uuid::Uuid::try_parse(last).is_ok() {
            known.insert("JOB", last.to_owned());
        }
        assert!(answer.get("error").is_none(), "{script}\n{text}");
        remember(&mut known, &answer);
        if let Some(("json", told)) = blocks.get(place + 1) {
            let told: Value = serde_json::from_str(told).unwrap();
            assert!(same(&told, &answer), "{script}\n{told}\n{text}");
            compared += 1;
        }
    }
    assert_eq!(compared, 10, "the answers of the guide");
}
