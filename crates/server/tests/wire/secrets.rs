//! Secrets reach the worker that runs the task, and nobody else.

use serde_json::{Value, json};

use crate::harness::Wire;

const SECRET: &str = "123456:TEST-TOKEN";

#[tokio::test]
async fn a_secret_is_seen_by_its_worker_only() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let input = json!({"token": SECRET, "params": {"open": "seen"}, "pause_ms": 20});
    let id = wire.submit(input).await;
    let task = wire.take("w").await;
    assert_eq!(task["params"], json!({"open": "seen", "token": SECRET}));
    let failed = json!({"status": "failure", "error": "once more"});
    wire.report("w", &task, failed).await;
    let hidden = |text: &str| {
        assert!(
            !text.contains("TEST-TOKEN") && !text.contains("$sealed"),
            "{text}"
        );
    };
    let job = wire.job(&id).await;
    assert_eq!(
        job["initial_data"],
        json!({"token": "***", "params": {"open": "seen"}, "pause_ms": 20})
    );
    // A second hand-out opens it again.
    let task = wire.take("w").await;
    assert_eq!(task["params"]["token"], SECRET);
    wire.report("w", &task, json!({"data": {"url": "x"}})).await;
    for path in [
        format!("/api/v1/jobs/{id}"),
        "/api/v1/jobs".into(),
        "/metrics".into(),
        "/api/v1/workers".into(),
    ] {
        hidden(&wire.get(&path).await.text);
    }
    let job = wire.job(&id).await;
    assert_eq!(job["status"], "completed");
}

#[tokio::test]
async fn nothing_of_a_request_but_its_body_is_kept() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let id = wire.submit(json!({"visible": 1})).await;
    let task = wire.take("w").await;
    assert_eq!(task["tracing_context"], json!({}));
    wire.report("w", &task, json!({})).await;
    let job = wire.job(&id).await;
    let text = job.to_string();
    assert!(
        !text.contains("test-client-token") && !text.contains("test-worker-token"),
        "{text}"
    );
    for key in ["client_config", "tracing_context", "client", "headers"] {
        assert_eq!(job[key], Value::Null);
    }
}
