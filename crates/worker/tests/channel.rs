//! The channel over which the server says at once what to stop.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod fake;

use std::time::{Duration, Instant};

use avtomatika_worker::{TaskContext, transient};
use serde_json::{Value, json};

/// Runs until it is told to stop.
async fn patient(ctx: TaskContext) -> Result<Value, avtomatika_worker::Failure> {
    ctx.cancelled().cancelled().await;
    Err(transient("was told to stop"))
}

async fn channels(fake: &fake::Listening, count: usize) {
    let begun = Instant::now();
    while fake.channels() != count {
        assert!(begun.elapsed() < fake::SOON, "{} channels", fake.channels());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_task_is_stopped_at_once_without_a_heartbeat() {
    let fake = fake::start().await;
    let working = fake::run(fake::worker(&fake).task("patient", patient));
    let (first, second) = (
        fake.push("patient", json!({})),
        fake.push("patient", json!({})),
    );
    channels(&fake, 1).await;
    while fake.queued() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let beats = fake.log(|log| log.heartbeats.len());
    fake.say(&json!({"command": "dance", "task_id": 7}));
    fake.say(&json!({"command": "cancel_task", "task_id": first, "job_id": first}));
    let result = fake.result_of(&first).await;
    assert_eq!(result["result"]["status"], "cancelled");
    assert_eq!(fake.log(|log| log.heartbeats.len()), beats);
    assert!(fake.log(|log| {
        log.results
            .iter()
            .all(|one| one["task_id"] != second.as_str())
    }));
    // One that is hung up on comes back.
    fake.hang_up();
    channels(&fake, 0).await;
    channels(&fake, 1).await;
    fake.say(&json!({"command": "cancel_task", "task_id": second}));
    fake.result_of(&second).await;
    drop(working);
}

#[tokio::test]
async fn a_worker_that_is_told_not_to_opens_none() {
    let fake = fake::start().await;
    let worker = fake::worker(&fake)
        .websocket(false)
        .task("patient", patient);
    let _working = fake::run(worker);
    fake.until("it beats", |log| !log.heartbeats.is_empty())
        .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(fake.channels(), 0);
}
