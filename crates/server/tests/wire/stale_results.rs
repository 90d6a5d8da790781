//! Results of another worker, of an old lease, or said twice.

use serde_json::{Value, json};

use crate::harness::{Wire, quick};

fn with_lease(worker: &str, task: &Value, result: Value) -> Value {
    json!({
        "job_id": task["job_id"], "task_id": task["task_id"], "lease": task["lease"],
        "worker_id": worker, "result": result,
    })
}

#[tokio::test]
async fn a_result_of_another_worker_changes_nothing() {
    let wire = Wire::start().await;
    wire.register("holder", &["echo"]).await;
    wire.register("other", &["echo"]).await;
    let id = wire.submit(json!({})).await;
    let task = wire.take("holder").await;
    for status in ["success", "failure", "cancelled"] {
        let said = wire
            .report("other", &task, json!({ "status": status }))
            .await;
        assert_eq!(said.status, 200);
        assert_eq!(said.json()["status"], format!("result_accepted_{status}"));
    }
    let job = wire.job(&id).await;
    assert_eq!(job["status"], "waiting_for_worker");
    assert_eq!(job["task_worker_id"], "holder");
    let said = wire
        .report("holder", &task, json!({"data": {"by": "holder"}}))
        .await;
    assert_eq!(said.json()["status"], "result_accepted_success");
    assert_eq!(
        wire.job(&id).await["state_history"],
        json!({"by": "holder"})
    );
}

#[tokio::test]
async fn a_result_under_an_old_lease_changes_nothing() {
    let mut settings = quick();
    settings.lease_ms = 200;
    let wire = Wire::with(settings).await;
    wire.register("late", &["echo"]).await;
    wire.register("next", &["echo"]).await;
    let id = wire.submit(json!({})).await;
    let old = wire.take("late").await;
    let new = wire.take("next").await;
    assert_eq!(new["task_id"], old["task_id"]);
    assert_ne!(new["lease"], old["lease"]);
    assert_eq!(new["attempt"], 2);
    // Seed era: no lease, so only the worker tells.
    let said = wire
        .report("late", &old, json!({"data": {"by": "late"}}))
        .await;
    assert_eq!(
        (said.status.as_u16(), said.text.as_str()),
        (200, r#"{"status":"result_accepted_success"}"#)
    );
    // Newer: told that it was ignored.
    let said = wire
        .report_as(&with_lease("late", &old, json!({"data": {"by": "late"}})))
        .await;
    assert_eq!(
        said.json(),
        json!({"status": "ignored", "reason": "stale_task"})
    );
    // Another's lease doesn't help.
    let mut stolen = with_lease("late", &new, json!({"data": {"by": "late"}}));
    let said = wire.report_as(&stolen).await;
    assert_eq!(said.json()["status"], "ignored");
    stolen["worker_id"] = "next".into();
    stolen["lease"] = old["lease"].clone();
    assert_eq!(wire.report_as(&stolen).await.json()["status"], "ignored");
    assert_eq!(wire.job(&id).await["status"], "waiting_for_worker");
    let said = wire
        .report_as(&with_lease("next", &new, json!({"data": {"by": "next"}})))
        .await;
    assert_eq!(said.json()["status"], "result_accepted_success");
    assert_eq!(wire.job(&id).await["state_history"], json!({"by": "next"}));
}

#[tokio::test]
async fn the_same_result_twice_is_the_same_answer() {
    let wire = Wire::start().await;
    wire.register("w", &["echo", "second"]).await;
    // The job goes on to a second task, so it has not ended when the repetition comes.
    let id = wire.submit(json!({"on": {"success": "second"}})).await;
    let task = wire.take("w").await;
    let result = with_lease("w", &task, json!({"data": {"n": 1}}));
    let first = wire.report_as(&result).await;
    let twice = wire.report_as(&result).await;
    assert_eq!(first.json(), json!({"status": "result_accepted_success"}));
    assert_eq!(twice.json(), first.json());
    let second = wire.take("w").await;
    assert_eq!(second["type"], "second");
    let result = with_lease("w", &second, json!({}));
    let first = wire.report_as(&result).await;
    let ended = wire.job(&id).await;
    assert_eq!(ended["status"], "completed");
    let twice = wire.report_as(&result).await;
    assert_eq!(twice.json(), first.json());
    assert_eq!(wire.job(&id).await, ended);
}

#[tokio::test]
async fn a_failure_said_twice_counts_once() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let id = wire.submit(json!({"pause_ms": 60_000})).await;
    let task = wire.take("w").await;
    let result = with_lease("w", &task, json!({"status": "failure", "error": "once"}));
    for _ in 0..3 {
        let said = wire.report_as(&result).await;
        assert_eq!(said.json(), json!({"status": "result_accepted_failure"}));
        let said = wire.report("w", &task, json!({"status": "failure"})).await;
        assert_eq!(said.json(), json!({"status": "result_accepted_failure"}));
    }
    assert_eq!(wire.job(&id).await["retry_count"], 1);
}

#[tokio::test]
async fn a_late_success_does_not_revive_a_job_that_ended() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let id = wire
        .submit(json!({"execution_timeout_ms": 50, "attempts": 1, "on": {}}))
        .await;
    let task = wire.take("w").await;
    let ended = wire.job_with(&id, "quarantined").await;
    let said = wire
        .report("w", &task, json!({"data": {"late": true}}))
        .await;
    assert_eq!(said.json(), json!({"status": "result_accepted_success"}));
    let said = wire.report_as(&with_lease("w", &task, json!({}))).await;
    assert_eq!(
        said.json(),
        json!({"status": "ignored", "reason": "job_already_terminated"})
    );
    assert_eq!(wire.job(&id).await, ended);
}

#[tokio::test]
async fn the_answer_to_a_result_carries_the_next_task() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(wire.submit(json!({"params": {"n": n}})).await);
        // Tasks queued in one millisecond have no order among them.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let mut task = wire.take("w").await;
    let mut seen = vec![task["params"]["n"].clone()];
    for left in (0..5).rev() {
        let mut result = with_lease("w", &task, json!({}));
        result["want_next"] = true.into();
        let said = wire.report_as(&result).await.json();
        assert_eq!(said["status"], "result_accepted_success");
        if left == 0 {
            assert_eq!(said["next_task"], Value::Null);
            break;
        }
        task = said["next_task"].clone();
        seen.push(task["params"]["n"].clone());
    }
    assert_eq!(Value::from(seen), json!([0, 1, 2, 3, 4]));
    for id in ids {
        assert_eq!(wire.job(&id).await["status"], "completed");
    }
}

#[tokio::test]
async fn a_task_belongs_to_its_job() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let id = wire.submit(json!({})).await;
    let task = wire.take("w").await;
    let other = wire.submit(json!({"task": "other"})).await;
    let mut astray = task.clone();
    astray["job_id"] = json!(other);
    let said = wire.report("w", &astray, json!({})).await;
    assert_eq!(said.json(), json!({"status": "result_accepted_success"}));
    astray["job_id"] = json!("01890000-0000-7000-8000-000000000000");
    let said = wire.report("w", &astray, json!({})).await;
    assert_eq!(
        (said.status.as_u16(), &said.json()["error"]),
        (404, &json!("Job not found"))
    );
    for id in [id, other] {
        assert_eq!(wire.job(&id).await["status"], "waiting_for_worker");
    }
}
