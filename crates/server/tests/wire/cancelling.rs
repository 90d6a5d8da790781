//! Cancelling a job that a worker has.

use serde_json::json;

use crate::harness::Wire;

#[tokio::test]
async fn a_cancelled_job_stops_its_worker_and_stays_cancelled() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let id = wire.submit(json!({})).await;
    let task = wire.take("w").await;
    let path = format!("/api/v1/jobs/{id}/cancel");
    assert_eq!(wire.post(&path, &json!({})).await.status, 200);
    let job = wire.job(&id).await;
    assert_eq!(job["status"], "cancelled");
    let again = wire.post(&path, &json!({})).await;
    assert_eq!(again.status, 409);
    let hint = again.json()["hint"].as_str().unwrap().to_owned();
    assert!(
        hint.starts_with("it has already ended: cancelled"),
        "{hint}"
    );
    assert_eq!(job["waiting"], json!(null));
    let running = json!([{"task_id": task["task_id"], "lease": task["lease"]}]);
    let told = wire.beat("w", &json!({ "running": running })).await.json();
    assert_eq!(told["cancel_task_ids"], json!([task["task_id"]]));
    assert_eq!(told["lost_task_ids"], json!([]));
    // Seed era and newer, late: both change nothing.
    let said = wire.report("w", &task, json!({"data": {"late": 1}})).await;
    assert_eq!(said.json(), json!({"status": "result_accepted_success"}));
    let said = wire
        .report_as(&json!({
            "job_id": id, "task_id": task["task_id"], "lease": task["lease"], "worker_id": "w",
            "result": {"data": {"late": 2}},
        }))
        .await;
    assert_eq!(
        said.json(),
        json!({"status": "ignored", "reason": "job_already_terminated"})
    );
    assert_eq!(wire.job(&id).await, job);
    // Once it no longer runs there is nothing left to stop.
    let told = wire.beat("w", &json!({"running": []})).await.json();
    assert_eq!(told["cancel_task_ids"], json!([]));
}

#[tokio::test]
async fn a_cancelled_job_is_never_handed_out() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    for input in [json!({}), json!({"pause_ms": 50})] {
        let id = wire.submit(input.clone()).await;
        if input["pause_ms"] == 50 {
            let task = wire.take("w").await;
            wire.report("w", &task, json!({"status": "failure"})).await;
        }
        wire.post(&format!("/api/v1/jobs/{id}/cancel"), &json!({}))
            .await;
        assert!(wire.poll("w", "150ms").await.is_none());
        assert_eq!(wire.job(&id).await["status"], "cancelled");
    }
}

#[tokio::test]
async fn a_job_that_waits_for_a_handlers_back_off_can_be_cancelled() {
    let wire = Wire::start().await;
    let id = wire.submit(json!({"handler": "fails"})).await;
    assert_eq!(wire.job(&id).await["status"], "awaiting_retry");
    let said = wire
        .post(&format!("/api/v1/jobs/{id}/cancel"), &json!({}))
        .await;
    assert_eq!(said.status, 200);
    assert_eq!(wire.job(&id).await["status"], "cancelled");
}

#[tokio::test]
async fn a_read_that_waits_is_told_of_the_end() {
    let wire = Wire::start().await;
    let id = wire.submit(json!({})).await;
    let path = format!("/api/v1/jobs/{id}?wait=5s");
    let begun = std::time::Instant::now();
    let (read, _) = tokio::join!(wire.get(&path), async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        wire.post(&format!("/api/v1/jobs/{id}/cancel"), &json!({}))
            .await
    });
    assert_eq!(read.json()["status"], "cancelled");
    assert!(begun.elapsed() < std::time::Duration::from_secs(1));
}
