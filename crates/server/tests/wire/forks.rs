//! Jobs that run tasks side by side, or other jobs, as clients and workers see them.

use serde_json::{Value, json};

use crate::harness::Wire;
use crate::pauses::{self, submit};

const BRANCH: &str = "parallel_branch_result_accepted";

/// What a job says of its branches: name and status.
fn branches(job: &Value) -> Vec<(String, String)> {
    let text = |branch: &Value, key: &str| branch[key].as_str().unwrap_or_default().to_owned();
    job["branches"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|branch| (text(branch, "name"), text(branch, "status")))
        .collect()
}

/// The body of a worker of the first generation: it knows of no leases.
async fn report(wire: &Wire, task: &Value, result: Value) -> String {
    let body = json!({
        "worker_id": "w", "job_id": task["job_id"], "task_id": task["task_id"], "result": result,
    });
    let answer = wire.report_as(&body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn branches_are_seen_with_what_came_of_each_and_joined_once() {
    let wire = pauses::wire().await;
    wire.register("w", &["echo"]).await;
    let id = submit(&wire, "fork").await;
    let job = wire.job_with(&id, "waiting_for_parallel_tasks").await;
    let both = |status: &str| ["left", "right"].map(|name| (name.to_owned(), status.to_owned()));
    assert_eq!(branches(&job), both("queued"));
    let (first, second) = (wire.take("w").await, wire.take("w").await);
    assert_eq!(branches(&wire.job(&id).await), both("running"));
    assert_ne!(first["task_id"], second["task_id"]);
    let yields = json!({"data": {"width": 3}});
    assert_eq!(report(&wire, &first, yields).await, BRANCH);
    let job = wire.job(&id).await;
    assert_eq!(job["status"], "waiting_for_parallel_tasks");
    let ended = job["branches"]
        .as_array()
        .unwrap()
        .iter()
        .find(|branch| branch["task_id"] == first["task_id"])
        .unwrap();
    assert_eq!(ended["status"], "success");
    assert_eq!(ended["data"], json!({"width": 3}));
    // Said twice, it counts once.
    report(&wire, &first, json!({"status": "failure"})).await;
    let permanent = json!({"status": "failure", "error": {"code": "PERMANENT_ERROR"}});
    assert_eq!(report(&wire, &second, permanent).await, BRANCH);
    let job = wire.job_with(&id, "completed").await;
    let mut statuses: Vec<_> = branches(&job).into_iter().map(|branch| branch.1).collect();
    statuses.sort();
    assert_eq!(statuses, ["failure", "success"]);
}

#[tokio::test]
async fn a_task_that_is_none_of_the_branches_changes_nothing() {
    let wire = pauses::wire().await;
    wire.register("w", &["echo"]).await;
    let id = submit(&wire, "fork").await;
    let stranger = json!({"job_id": id, "task_id": "01890000-0000-7000-8000-000000000000"});
    report(&wire, &stranger, json!({})).await;
    let job = wire.job(&id).await;
    assert!(branches(&job).iter().all(|branch| branch.1 == "queued"));
}

#[tokio::test]
async fn parent_and_sub_job_name_each_other_and_the_parent_goes_on_with_the_end() {
    let wire = pauses::wire().await;
    wire.register("w", &["echo"]).await;
    let id = submit(&wire, "child").await;
    let parent = wire.job_with(&id, "waiting_for_sub_job").await;
    let child = parent["child_job_id"].as_str().unwrap().to_owned();
    assert_eq!(wire.job(&child).await["parent_job_id"], id.as_str());
    let task = wire.take("w").await;
    assert_eq!(task["job_id"], child.as_str());
    assert_eq!(
        report(&wire, &task, json!({})).await,
        "result_accepted_success"
    );
    assert_eq!(wire.job(&child).await["status"], "completed");
    let parent = wire.job_with(&id, "completed").await;
    assert_eq!(
        parent["child_job_id"],
        child.as_str(),
        "it can still be looked up"
    );
}
