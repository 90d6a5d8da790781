//! What workers tell while they work, and who gets to see it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Wire, answer};

async fn tell(wire: &Wire, worker: &str, task: &Value, payload: Value) -> Answer {
    let body = json!({
        "event_type": "progress", "worker_id": worker, "target_job_id": task["job_id"],
        "target_task_id": task["task_id"], "payload": payload,
    });
    answer(wire.worker(Method::POST, "/events").json(&body)).await
}

fn names(job: &Value) -> Vec<&str> {
    let phases = job["phases"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    phases
        .iter()
        .map(|phase| phase["phase"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn phases_are_seen_while_the_task_runs_and_after() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let id = wire.submit(json!({})).await;
    let task = wire.take("w").await;
    let path = format!("/api/v1/jobs/{id}?wait=2s");
    let (read, told) = tokio::join!(wire.get(&path), async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        tell(
            &wire,
            "w",
            &task,
            json!({"phase": "build", "message": "layer 1", "progress": 0.25}),
        )
        .await
    });
    assert_eq!(told.json(), json!({"status": "event_accepted"}));
    let job = read.json();
    assert_eq!(names(&job), ["build"]);
    assert_eq!(
        (&job["progress"], &job["progress_message"]),
        (&json!(0.25), &json!("layer 1"))
    );
    tell(
        &wire,
        "w",
        &task,
        json!({"phase": "build", "message": "layer 2"}),
    )
    .await;
    tell(&wire, "w", &task, json!({"phase": "start", "progress": 7})).await;
    let job = wire.job(&id).await;
    assert_eq!(names(&job), ["build", "start"]);
    assert_eq!(job["phases"][0]["message"], "layer 2");
    assert_eq!(job["progress"], 1.0);
    wire.report("w", &task, json!({})).await;
    let job = wire.job(&id).await;
    assert_eq!(job["status"], "completed");
    assert_eq!(names(&job), ["build", "start"]);
}

#[tokio::test]
async fn a_second_task_begins_with_no_phases() {
    let wire = Wire::start().await;
    wire.register("w", &["echo", "second"]).await;
    let id = wire.submit(json!({"on": {"success": "second"}})).await;
    let first = wire.take("w").await;
    tell(
        &wire,
        "w",
        &first,
        json!({"phase": "of the first", "message": "m", "progress": 0.9}),
    )
    .await;
    wire.report("w", &first, json!({})).await;
    let job = wire.job(&id).await;
    assert_eq!(job["current_task_type"], "second");
    assert_eq!(names(&job), [""; 0]);
    assert_eq!(
        (&job["progress"], &job["progress_message"]),
        (&Value::Null, &Value::Null)
    );
    let second = wire.take("w").await;
    tell(&wire, "w", &second, json!({"phase": "of the second"})).await;
    assert_eq!(names(&wire.job(&id).await), ["of the second"]);
    wire.report("w", &second, json!({})).await;
    assert_eq!(names(&wire.job(&id).await), ["of the second"]);
}

#[tokio::test]
async fn only_the_worker_that_has_the_task_is_heard() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    wire.register("other", &["echo"]).await;
    let id = wire.submit(json!({})).await;
    let task = wire.take("w").await;
    let other = wire.submit(json!({})).await;
    let mut elsewhere = task.clone();
    elsewhere["job_id"] = other.into();
    for (worker, task) in [("other", &task), ("w", &elsewhere)] {
        let told = tell(&wire, worker, task, json!({"phase": "not mine"})).await;
        assert_eq!(
            (told.status.as_u16(), &told.json()["error"]),
            (404, &json!("Job not found"))
        );
    }
    assert_eq!(names(&wire.job(&id).await), [""; 0]);
}
