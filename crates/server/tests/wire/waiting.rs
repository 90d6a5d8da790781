//! Every waiting job says why.

use serde_json::{Value, json};

use crate::harness::{Wire, quick};

async fn why(wire: &Wire, id: &str) -> Value {
    let job = wire.job(id).await;
    let waiting = &job["waiting"];
    assert!(
        waiting["since_ms"].as_u64() >= job["created_at_ms"].as_u64(),
        "{job}"
    );
    assert!(!waiting["message"].as_str().unwrap().is_empty());
    waiting.clone()
}

#[tokio::test]
async fn no_worker_workers_busy_and_with_worker() {
    let wire = Wire::start().await;
    wire.register("cook", &["cooking"]).await;
    let id = wire.submit(json!({})).await;
    let waiting = why(&wire, &id).await;
    assert_eq!(waiting["reason"], "no_worker");
    assert!(waiting["message"].as_str().unwrap().contains("'echo'"));
    let busy = json!({"worker_id": "w", "supported_tasks": ["echo"], "max_concurrent_tasks": 1});
    wire.register_as(&busy).await;
    let task = wire.take("w").await;
    assert_eq!(task["job_id"], id.as_str());
    let waiting = why(&wire, &id).await;
    assert_eq!(waiting["reason"], "with_worker");
    assert!(waiting["message"].as_str().unwrap().contains("'w'"));
    let next = wire.submit(json!({})).await;
    assert_eq!(why(&wire, &next).await["reason"], "workers_busy");
    wire.report("w", &task, json!({})).await;
    assert_eq!(wire.job(&id).await["waiting"], Value::Null);
}

#[tokio::test]
async fn worker_away() {
    let wire = Wire::start().await;
    wire.register("other", &["echo"]).await;
    let id = wire.submit(json!({"to": "wanted"})).await;
    let waiting = why(&wire, &id).await;
    assert_eq!(waiting["reason"], "worker_away");
    assert!(waiting["message"].as_str().unwrap().contains("'wanted'"));
    // Nobody else gets it.
    assert!(wire.poll("other", "0").await.is_none());
    wire.register("wanted", &["echo"]).await;
    let waiting = why(&wire, &id).await;
    assert_eq!(waiting["reason"], "workers_silent");
    assert!(waiting["message"].as_str().unwrap().contains("'wanted'"));
    assert_eq!(wire.take("wanted").await["job_id"], id.as_str());
    assert_eq!(why(&wire, &id).await["reason"], "with_worker");
}

#[tokio::test]
async fn a_worker_that_fell_silent_is_no_worker() {
    let mut settings = quick();
    settings.lease_ms = 100;
    let wire = Wire::with(settings).await;
    wire.register("w", &["echo"]).await;
    let id = wire.submit(json!({})).await;
    assert_eq!(why(&wire, &id).await["reason"], "workers_silent");
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    assert_eq!(why(&wire, &id).await["reason"], "no_worker");
    assert_eq!(wire.get("/api/v1/workers").await.json(), json!([]));
}

#[tokio::test]
async fn back_off_of_a_task() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let id = wire.submit(json!({"pause_ms": 60_000})).await;
    let task = wire.take("w").await;
    wire.report("w", &task, json!({"status": "failure", "error": "later"}))
        .await;
    let waiting = why(&wire, &id).await;
    assert_eq!(waiting["reason"], "back_off");
    assert!(waiting["until_ms"].as_u64() > waiting["since_ms"].as_u64());
    let job = wire.job(&id).await;
    assert_eq!(
        (&job["retry_count"], &job["error_message"]),
        (&json!(1), &json!("later"))
    );
    assert!(wire.poll("w", "0").await.is_none());
}

#[tokio::test]
async fn back_off_of_a_handler() {
    let wire = Wire::start().await;
    let id = wire.submit(json!({"handler": "fails"})).await;
    let job = wire.job(&id).await;
    assert_eq!(job["status"], "awaiting_retry");
    assert_eq!(job["error_message"], "the handler fails");
    let waiting = why(&wire, &id).await;
    assert_eq!(waiting["reason"], "back_off");
    assert!(waiting["until_ms"].as_u64() > waiting["since_ms"].as_u64());
}

#[tokio::test]
async fn a_back_off_ends_by_itself_and_wakes_a_parked_poll() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let id = wire.submit(json!({"pause_ms": 200})).await;
    let task = wire.take("w").await;
    wire.report("w", &task, json!({"status": "failure"})).await;
    let begun = std::time::Instant::now();
    let again = wire.take("w").await;
    assert_eq!(again["job_id"], id.as_str());
    // Between half of the pause and all of it.
    let waited = begun.elapsed().as_millis();
    assert!((80..400).contains(&waited), "{waited} ms");
}

#[tokio::test]
async fn a_wait_for_a_worker_may_have_an_end() {
    let wire = Wire::start().await;
    let id = wire.submit(json!({"dispatch_timeout_ms": 100})).await;
    let waiting = why(&wire, &id).await;
    assert_eq!(waiting["reason"], "no_worker");
    assert!(waiting["until_ms"].as_u64().is_some());
    let job = wire.job_with(&id, "failed").await;
    assert_eq!(job["current_state"], "failed");
    assert_eq!(job["error"]["code"], "DISPATCH_TIMEOUT");
}

#[tokio::test]
async fn a_new_step_counts_from_zero() {
    let wire = Wire::start().await;
    wire.register("w", &["echo", "second"]).await;
    let id = wire.submit(json!({"on": {"success": "second"}})).await;
    let task = wire.take("w").await;
    wire.report("w", &task, json!({"status": "failure", "error": "once"}))
        .await;
    assert_eq!(wire.job(&id).await["retry_count"], 1);
    let task = wire.take("w").await;
    wire.report("w", &task, json!({})).await;
    let job = wire.job(&id).await;
    assert_eq!(job["current_state"], "second");
    assert_eq!(
        (&job["retry_count"], &job["error_message"]),
        (&json!(0), &Value::Null)
    );
}
