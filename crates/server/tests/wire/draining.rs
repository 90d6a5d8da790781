//! Stopping in good order.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{STEPS, Wire};
use crate::raw::Raw;

#[tokio::test]
async fn a_draining_server_answers_parked_polls_and_refuses_jobs() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let early = wire.submit(json!({"task": "other"})).await;
    let read = format!("/api/v1/jobs/{early}?wait=10s");
    let begun = Instant::now();
    let (polled, read, ()) = tokio::join!(wire.poll("w", "10s"), wire.get(&read), async {
        wire.parked(1).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        wire.engine.drain();
    });
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert!(polled.is_none());
    assert_eq!(read.json()["status"], "waiting_for_worker");
    let refused = wire.post(STEPS, &json!({})).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.json()["code"], "SHUTTING_DOWN");
    assert_eq!(refused.header("retry-after"), Some("2"));
    assert_eq!(
        wire.get("/_public/status").await.json(),
        json!({"status": "draining"})
    );
    assert!(wire.poll("w", "1s").await.is_none());
}

#[tokio::test]
async fn results_are_still_taken_while_draining() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let id = wire.submit(json!({})).await;
    let task = wire.take("w").await;
    let waiting = wire.submit(json!({})).await;
    wire.engine.drain();
    let said = wire
        .report_as(&json!({
            "job_id": id, "task_id": task["task_id"], "lease": task["lease"], "worker_id": "w",
            "result": {}, "want_next": true,
        }))
        .await;
    assert_eq!(said.json(), json!({"status": "result_accepted_success"}));
    assert_eq!(wire.job(&id).await["status"], "completed");
    assert_eq!(wire.job(&waiting).await["status"], "waiting_for_worker");
}

#[tokio::test]
async fn stopping_ends_parked_polls_and_idle_connections() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let mut parked = Raw::connect(wire.addr).await;
    parked.poll("w").await;
    wire.parked(1).await;
    // One that has never said anything must not hold the server up.
    let idle = Raw::connect(wire.addr).await;
    let addr = wire.addr;
    let begun = Instant::now();
    let (drained, answer) = tokio::join!(wire.stop(), parked.answer());
    assert!(drained);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(answer.status, 204);
    assert!(answer.head.contains("connection: close"), "{}", answer.head);
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
    idle.close();
}
