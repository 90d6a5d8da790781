//! Several tasks and several results in one request.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Wire, answer as send, quick};

async fn tasks(wire: &Wire, worker: &str, max: usize) -> Vec<Value> {
    let path = format!("/workers/{worker}/tasks/next?timeout=0&max={max}");
    let answer = send(wire.worker(Method::GET, &path)).await;
    if answer.status == 204 {
        return Vec::new();
    }
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["tasks"].as_array().unwrap().clone()
}

async fn post(wire: &Wire, body: &Value) -> Answer {
    send(wire.worker(Method::POST, "/tasks/results").json(body)).await
}

fn result(task: &Value) -> Value {
    json!({
        "job_id": task["job_id"], "task_id": task["task_id"], "lease": task["lease"],
        "result": {"status": "success", "data": {"n": task["task_id"]}},
    })
}

#[tokio::test]
async fn a_poll_for_several_gets_what_is_ready_and_the_results_go_back_together() {
    let wire = Wire::with(quick()).await;
    wire.register("w", &["echo"]).await;
    let mut jobs = Vec::new();
    for _ in 0..5 {
        jobs.push(wire.submit(json!({})).await);
    }
    let first = tasks(&wire, "w", 3).await;
    assert_eq!(first.len(), 3);
    let mut results: Vec<Value> = first.iter().map(result).collect();
    // One is of another lease, one of nothing at all: neither keeps the others from counting.
    results[1]["lease"] = json!("00000000000000aa");
    results.push(json!({"job_id": "x", "task_id": "y"}));
    let body = json!({"worker_id": "w", "results": results, "want_next": 9});
    let answer = post(&wire, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    let statuses: Vec<&str> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["status"].as_str().unwrap())
        .collect();
    assert_eq!(
        statuses,
        [
            "result_accepted_success",
            "ignored",
            "result_accepted_success",
            "error"
        ]
    );
    assert_eq!(answer["results"][1]["reason"], "stale_task");
    assert_eq!(answer["results"][3]["code"], "JOB_NOT_FOUND");
    assert_eq!(answer["tasks"].as_array().unwrap().len(), 2);
    assert_eq!(wire.job(&jobs[0]).await["status"], "completed");
    assert_eq!(wire.job(&jobs[1]).await["status"], "waiting_for_worker");
    assert_eq!(wire.job(&jobs[2]).await["status"], "completed");
    assert!(tasks(&wire, "w", 3).await.is_empty());
}

#[tokio::test]
async fn a_poll_for_one_is_answered_as_ever() {
    let wire = Wire::with(quick()).await;
    wire.register("w", &["echo"]).await;
    wire.submit(json!({})).await;
    let task = wire.take("w").await;
    assert!(task["task_id"].is_string() && task.get("tasks").is_none());
}

#[tokio::test]
async fn too_many_or_no_results_are_refused() {
    let wire = Wire::with(quick()).await;
    wire.register("w", &["echo"]).await;
    for (body, code) in [
        (json!({"worker_id": "w"}), "MISSING_FIELD"),
        (json!({"worker_id": "w", "results": 1}), "MISSING_FIELD"),
        (
            json!({"worker_id": "w", "results": vec![json!({}); 257]}),
            "TOO_MANY_RESULTS",
        ),
    ] {
        let answer = post(&wire, &body).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["code"], code);
    }
}
