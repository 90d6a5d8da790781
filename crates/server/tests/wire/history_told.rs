//! What the engine tells, as it is read over the wire a moment later.

use std::time::{Duration, Instant};

use avtomatika_history::{History, ListQuery, Location};
use avtomatika_protocol::JobId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Wire, answer};
use crate::history::{ADMIN, Remembering, remembering};

/// The types of a job's events.
async fn types(wire: &Wire, job: &str) -> Vec<String> {
    let told = wire.get(&format!("/api/v1/jobs/{job}/history")).await;
    assert_eq!(told.status, 200, "{}", told.text);
    let events = told.json();
    let events = events.as_array().unwrap().iter();
    events
        .map(|event| event["event_type"].as_str().unwrap().to_owned())
        .collect()
}

/// The ids of a list.
async fn listed(wire: &Wire, query: &str) -> Vec<Value> {
    let page = wire.get(&format!("/api/v1/jobs?{query}")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let jobs = page.json();
    jobs.as_array()
        .unwrap()
        .iter()
        .map(|job| job["id"].clone())
        .collect()
}

#[tokio::test]
async fn a_reader_sees_what_it_did_before() {
    let Remembering {
        wire, dir: _dir, ..
    } = remembering().await;
    wire.register("w", &["echo"]).await;
    let began = Instant::now();
    for _ in 0..5 {
        let job = wire.submit(json!({})).await;
        assert_eq!(types(&wire, &job).await[0], "job_created");
        assert_eq!(
            listed(&wire, "status=waiting_for_worker").await,
            [json!(job)]
        );
        let task = wire.take("w").await;
        wire.report("w", &task, json!({"data": {"n": 1}})).await;
        assert_eq!(
            listed(&wire, "status=completed&limit=1").await,
            [json!(job)]
        );
        let told = types(&wire, &job).await;
        for kind in ["task_dispatched", "task_finished", "job_completed"] {
            assert!(told.iter().any(|it| it == kind), "no {kind} in {told:?}");
        }
    }
    assert_eq!(
        listed(&wire, "status=waiting_for_worker,running").await,
        [] as [Value; 0]
    );
    // Nobody waited for the pump's own rhythm.
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_stopping_server_writes_down_everything() {
    let Remembering { wire, dir, .. } = remembering().await;
    wire.register("w", &["echo"]).await;
    let mut jobs = Vec::new();
    for n in 0..30 {
        jobs.push(wire.submit(json!({"n": n})).await);
    }
    let task = wire.take("w").await;
    wire.report("w", &task, json!({})).await;
    assert!(wire.stop().await);
    let file = Location::file(dir.path().join("history.db"));
    let history = History::open(file).await.unwrap();
    let all = ListQuery {
        limit: 100,
        ..ListQuery::default()
    };
    assert_eq!(history.list(&all).await.unwrap().jobs.len(), jobs.len());
    let done: JobId = serde_json::from_value(task["job_id"].clone()).unwrap();
    let events = history.events(done, None, 100).await.unwrap().events;
    assert_eq!(events.last().unwrap().event_type, "job_completed");
}

#[tokio::test]
async fn a_purged_job_is_answered_from_its_summary() {
    let Remembering {
        wire, dir: _dir, ..
    } = remembering().await;
    let job = wire
        .submit(json!({"handler": "skips", "secret": "in the body"}))
        .await;
    wire.job_with(&job, "completed").await;
    let purge = wire
        .request(Method::POST, "/api/admin/purge")
        .header("X-Avtomatika-Token", ADMIN);
    let purged = answer(purge).await;
    assert_eq!(purged.json(), json!({"deleted": 1}), "{}", purged.text);
    let told = wire.job(&job).await;
    assert_eq!(told["purged"], true);
    assert_eq!(told["status"], "completed");
    assert_eq!(told["initial_data"], Value::Null);
    assert_eq!(types(&wire, &job).await.last().unwrap(), "job_completed");
    // Nothing of the body is in the history.
    let past = wire.get(&format!("/api/v1/jobs/{job}/history")).await;
    assert!(!past.text.contains("in the body"), "{}", past.text);
    assert_eq!(listed(&wire, "").await, [json!(job)]);
}

#[tokio::test]
async fn a_deleted_history_is_empty_and_goes_on() {
    let Remembering { wire, dir, .. } = remembering().await;
    wire.register("w", &["echo"]).await;
    let job = wire.submit(json!({})).await;
    assert_eq!(types(&wire, &job).await[0], "job_created");
    std::fs::remove_file(dir.path().join("history.db")).unwrap();
    // What was told of it is gone, and nothing more is on its way.
    assert_eq!(types(&wire, &job).await, [] as [&str; 0]);
    let missing = uuid::Uuid::from_u128(7 << 76 | 2 << 62);
    let told = wire.get(&format!("/api/v1/jobs/{missing}/history")).await;
    assert_eq!(told.status, 404, "{}", told.text);
    let task = wire.take("w").await;
    wire.report("w", &task, json!({"data": {"n": 1}})).await;
    assert_eq!(types(&wire, &job).await.last().unwrap(), "job_completed");
    let next = wire.submit(json!({})).await;
    assert_eq!(types(&wire, &next).await[0], "job_created");
}
