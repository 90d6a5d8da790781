//! The server is killed again and again while it posts a job each second: every second has one
//! job in the end, those it was dead in included.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod support;

use std::time::Duration;

use serde_json::Value;
use support::stack::{Setup, Stack};
use support::until;

const KILLS: u64 = 5;

const TOML: &str = r#"
[tick]
blueprint = "test_flow"
interval_seconds = 1
missed = "run_all"
client = "local"
"#;

/// When each job of the schedule was posted, milliseconds, oldest first.
async fn posted(stack: &Stack) -> Vec<u64> {
    let jobs = stack.api.get("/api/v1/jobs?limit=1000").await;
    let jobs = jobs.as_array().unwrap().iter();
    let mut posted: Vec<u64> = jobs
        .filter(|job| job["labels"]["schedule"] == "tick")
        .map(|job| job["created_at_ms"].as_u64().unwrap())
        .collect();
    posted.sort_unstable();
    posted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_owes_no_run_and_makes_none_twice() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("schedules.toml");
    std::fs::write(&file, TOML).unwrap();
    let setup = Setup::default()
        .argument(&["--no-bot-runner"])
        .env("SCHEDULES_CONFIG_PATH", file.to_str().unwrap());
    let mut stack = Stack::start(setup).await;
    for kill in 0..KILLS {
        let before = posted(&stack).await.len();
        until(20, "jobs are posted", || async {
            posted(&stack).await.len() > before + 1
        })
        .await;
        // Somewhere else between two runs each time, and sometimes in the midst of one.
        tokio::time::sleep(Duration::from_millis(kill * 997 % 1_000)).await;
        stack.kill_nine().await;
        // Two or three runs are missed.
        tokio::time::sleep(Duration::from_millis(2_300)).await;
        stack.start_again().await;
    }
    stack
        .api
        .post("/api/v1/schedules/tick/pause", &Value::Null)
        .await;
    // What was decided on before the pause is still posted and written down.
    let expected = async || {
        let schedule = stack.api.get("/api/v1/schedules/tick").await;
        let last_ms = schedule["last_run"]["planned_at_ms"].as_u64().unwrap();
        // The first was posted at once, the others are planned in whole seconds after it.
        let first_ms = posted(&stack).await[0];
        usize::try_from((last_ms - first_ms).div_ceil(1_000) + 1).unwrap()
    };
    tokio::time::sleep(Duration::from_secs(2)).await;
    let posted = posted(&stack).await;
    let pairs = posted.windows(2);
    let made_up = pairs.filter(|pair| pair[1] - pair[0] < 300).count();
    println!("{} runs, {made_up} of them made up for", posted.len());
    assert_eq!(posted.len(), expected().await, "{posted:?}");
    assert!(
        made_up as u64 >= KILLS,
        "nothing was made up for: {posted:?}"
    );
    stack.stop().await;
}
