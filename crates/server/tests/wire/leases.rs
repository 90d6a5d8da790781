//! Leases: a task stays with a worker that lives and goes to another when it died.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Wire, quick};
use crate::raw::Raw;

#[tokio::test]
async fn the_task_of_a_killed_worker_goes_to_another_after_the_grace() {
    let mut settings = quick();
    settings.lease_ms = 60_000;
    let wire = Wire::with(settings).await;
    wire.register("killed", &["echo"]).await;
    wire.register("other", &["echo"]).await;
    let id = wire.submit(json!({})).await;
    let mut raw = Raw::connect(wire.addr).await;
    raw.poll("killed").await;
    let task = raw.answer().await.json();
    // It asks for more when it is killed.
    raw.poll("killed").await;
    wire.parked(1).await;
    raw.close();
    let begun = Instant::now();
    let again = wire.take("other").await;
    let waited = begun.elapsed();
    assert_eq!(again["task_id"], task["task_id"]);
    assert_eq!(again["attempt"], 2);
    assert!(waited > Duration::from_millis(150), "{waited:?}");
    assert!(waited < Duration::from_millis(1_500), "{waited:?}");
    let said = wire
        .report("killed", &task, json!({"data": {"by": "killed"}}))
        .await;
    assert_eq!(said.status, 200);
    wire.report("other", &again, json!({"data": {"by": "other"}}))
        .await;
    let job = wire.job(&id).await;
    assert_eq!(job["state_history"], json!({"by": "other"}));
    assert_eq!(job["task_worker_id"], "other");
}

#[tokio::test]
async fn a_sign_of_life_after_a_broken_poll_keeps_the_task() {
    let mut settings = quick();
    settings.lease_ms = 60_000;
    let wire = Wire::with(settings).await;
    wire.register("alive", &["echo"]).await;
    wire.register("other", &["echo"]).await;
    wire.submit(json!({})).await;
    let mut raw = Raw::connect(wire.addr).await;
    raw.poll("alive").await;
    let task = raw.answer().await.json();
    // Asking again shows that the task has arrived.
    raw.poll("alive").await;
    wire.parked(1).await;
    raw.reset();
    wire.parked(0).await;
    wire.beat("alive", &json!({"load": 1})).await;
    assert!(wire.poll("other", "800ms").await.is_none());
    let said = wire.report("alive", &task, json!({})).await;
    assert_eq!(said.json()["status"], "result_accepted_success");
}

#[tokio::test]
async fn a_silent_worker_loses_its_task_and_a_beating_one_keeps_it() {
    let mut settings = quick();
    settings.lease_ms = 300;
    let wire = Wire::with(settings).await;
    wire.register("silent", &["echo"]).await;
    wire.register("other", &["echo"]).await;
    let id = wire.submit(json!({})).await;
    let first = wire.take("silent").await;
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        // What the seed era sends says nothing about tasks, and is a sign of life all the same.
        wire.beat(
            "silent",
            &json!({"load": 1, "status": "busy", "supported_tasks": []}),
        )
        .await;
    }
    let job = wire.job(&id).await;
    assert_eq!(job["task_worker_id"], "silent");
    let begun = Instant::now();
    let second = wire.take("other").await;
    assert!(begun.elapsed() > Duration::from_millis(100));
    assert_eq!(second["task_id"], first["task_id"]);
    let job = wire.job(&id).await;
    assert_eq!(job["retry_count"], 1);
    assert_eq!(job["error"]["code"], "WORKER_LOST");
}

#[tokio::test]
async fn a_task_a_heartbeat_does_not_name_goes_back() {
    let mut settings = quick();
    settings.heartbeat_interval_ms = 50;
    let wire = Wire::with(settings).await;
    wire.register("w", &["echo"]).await;
    wire.submit(json!({})).await;
    wire.submit(json!({})).await;
    let kept = wire.take("w").await;
    let lost = wire.take("w").await;
    let named = json!([{"task_id": kept["task_id"], "lease": kept["lease"]}]);
    // Too early to conclude anything: the hand-out may not have arrived yet.
    wire.beat("w", &json!({"running": named})).await;
    assert!(wire.poll("w", "0").await.is_none());
    tokio::time::sleep(Duration::from_millis(60)).await;
    wire.beat("w", &json!({"running": named})).await;
    let again = wire.take("w").await;
    assert_eq!(again["task_id"], lost["task_id"]);
    assert_eq!(again["attempt"], 2);
    let old = json!([
        {"task_id": kept["task_id"], "lease": kept["lease"]},
        {"task_id": lost["task_id"], "lease": lost["lease"]},
        {"task_id": again["task_id"], "lease": again["lease"]},
    ]);
    let said = wire.beat("w", &json!({ "running": old })).await.json();
    assert_eq!(said["lost_task_ids"], json!([lost["task_id"]]));
    assert_eq!(said["cancel_task_ids"], json!([]));
}

#[tokio::test]
async fn a_seed_worker_that_runs_nothing_has_lost_what_it_was_handed() {
    let mut settings = quick();
    settings.lease_ms = 60_000;
    settings.heartbeat_interval_ms = 50;
    let wire = Wire::with(settings).await;
    wire.register("seed", &["echo"]).await;
    wire.register("other", &["echo"]).await;
    wire.submit(json!({})).await;
    let lost = wire.take("seed").await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    let idle = |load| json!({"load": load, "status": "idle", "supported_tasks": ["echo"]});
    wire.beat("seed", &idle(1)).await;
    assert!(wire.poll("other", "0").await.is_none());
    wire.beat("seed", &idle(0)).await;
    let again = wire.take("other").await;
    assert_eq!(
        (&again["task_id"], &again["attempt"]),
        (&lost["task_id"], &json!(2))
    );
}

#[tokio::test]
async fn a_worker_that_leaves_hands_its_tasks_over() {
    let wire = Wire::start().await;
    wire.register("leaving", &["echo"]).await;
    wire.register("other", &["echo"]).await;
    wire.submit(json!({})).await;
    let task = wire.take("leaving").await;
    let (again, _) = tokio::join!(wire.take("other"), async {
        wire.parked(1).await;
        wire.beat("leaving", &json!({"status": "offline"})).await
    });
    assert_eq!(again["task_id"], task["task_id"]);
    assert_eq!(wire.beat("leaving", &json!({})).await.status, 404);
}

#[tokio::test]
async fn a_full_worker_is_handed_nothing_until_it_has_room() {
    let wire = Wire::start().await;
    let body = json!({"worker_id": "w", "supported_tasks": ["echo"], "max_concurrent_tasks": 1});
    wire.register_as(&body).await;
    wire.submit(json!({"params": {"n": 1}})).await;
    wire.submit(json!({"params": {"n": 2}})).await;
    let first = wire.take("w").await;
    assert!(wire.poll("w", "0").await.is_none());
    let (second, _) = tokio::join!(wire.take("w"), async {
        wire.parked(1).await;
        wire.report("w", &first, json!({})).await
    });
    assert_ne!(second["job_id"], first["job_id"]);
}
