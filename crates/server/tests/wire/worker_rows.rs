//! Part B: what workers send and read, row by row. The worker `known` is registered.

use reqwest::Method;
use serde_json::json;

use crate::harness::Wire;
use crate::table::{Row, check_all, row};

const TOKEN: &[(&str, &str)] = &[("X-Worker-Token", "test-worker-token")];
const WRONG: &[(&str, &str)] = &[("X-Worker-Token", "test-wrong-token")];
const OWN: &[(&str, &str)] = &[("X-Worker-Token", "test-guarded-token")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json; charset=utf-8")];
const REGISTER: &str = "/_worker/workers/register";
const RESULT: &str = "/_worker/tasks/result";
const EVENTS: &str = "/_worker/events";

/// Whose token: B.1, in its order.
fn tokens() -> Vec<Row> {
    let missing = "Missing X-Worker-Token header";
    let nameless = "Unauthorized: Invalid token or missing worker_id";
    let none = "Unauthorized: No valid token found";
    let post = |id, path, status| row(id, Method::POST, path, status);
    let get = |id, path, status| row(id, Method::GET, path, status);
    let poll = "/_worker/workers/known/tasks/next?timeout=0";
    let guarded = "/_worker/workers/guarded/tasks/next?timeout=0";
    let mut rows = vec![
        get("B.1.1 missing token", poll, 401)
            .error(missing)
            .answers(JSON),
        row(
            "B.1.1 missing token",
            Method::PATCH,
            "/_worker/workers/known",
            401,
        )
        .error(missing),
        get("B.1.4 own token", guarded, 404)
            .with(OWN)
            .error("Worker not found"),
        get("B.1.4 own token, mismatch", guarded, 401)
            .with(TOKEN)
            .error("Unauthorized: Invalid individual worker token"),
        get("B.1.4 own token, mismatch", guarded, 401)
            .with(WRONG)
            .error("Unauthorized: Invalid individual worker token"),
        get("B.1.5 common token", poll, 204).with(TOKEN),
        get("B.1.6 no valid token", poll, 401)
            .with(WRONG)
            .error(none),
        get("B.1.6 no valid token", poll, 401).with(OWN).error(none),
        get("B.1.6 no valid token", poll, 401)
            .with(&[("X-Worker-Token", "test-client-token")])
            .error(none),
    ];
    for path in [REGISTER, RESULT, EVENTS] {
        rows.extend([
            post("B.1.1 missing token", path, 401)
                .sends("{")
                .error(missing),
            post("B.1.1 missing token", path, 401)
                .sends(r#"{"worker_id":"known"}"#)
                .error(missing),
            post("B.1.2 bad body", path, 400)
                .with(WRONG)
                .sends("{")
                .error("Invalid JSON body"),
            post("B.1.2 bad body", path, 400)
                .with(TOKEN)
                .sends("[]")
                .error("Invalid JSON body"),
            post("B.1.2 bad body", path, 400)
                .with(TOKEN)
                .sends("7")
                .error("Invalid JSON body"),
            post("B.1.2 bad body", path, 400)
                .with(TOKEN)
                .error("Invalid JSON body"),
            post("B.1.3 no worker_id", path, 401)
                .with(WRONG)
                .sends("{}")
                .error(nameless),
            post("B.1.3 no worker_id", path, 401)
                .with(OWN)
                .sends(r#"{"worker_id":""}"#)
                .error(nameless),
            post("B.1.4 own token, mismatch", path, 401)
                .with(TOKEN)
                .sends(r#"{"worker_id":"guarded"}"#)
                .error("Unauthorized: Invalid individual worker token"),
            post("B.1.6 no valid token", path, 401)
                .with(WRONG)
                .sends(r#"{"worker_id":"known"}"#)
                .error(none),
        ]);
    }
    rows
}

/// Registering: B.2.
fn registering() -> Vec<Row> {
    let post = |id, status| row(id, Method::POST, REGISTER, status).with(TOKEN);
    vec![
        post("B.2 register", 200)
            .sends(
                r#"{"worker_id":"seed","worker_type":"cpu","supported_tasks":["echo"],
                "max_concurrent_tasks":10,"installed_models":[],"hostname":"h","ip_address":"i",
                "resources":{"cpu_cores":4,"gpu_info":null},"cost_per_skill":{}}"#,
            )
            .body(json!({"status": "registered", "session_id": "<uuid>"}))
            .answers(JSON),
        post("B.2 register again", 200)
            .sends(r#"{"worker_id":"seed","supported_tasks":[]}"#)
            .body(json!({"status": "registered"})),
        post("B.2 register", 200).sends(r#"{"worker_id":"bare"}"#),
        post("B.2 empty", 400)
            .sends("{}")
            .error("Worker data not found in request"),
        post("B.2 no worker_id", 400)
            .sends(r#"{"supported_tasks":["echo"]}"#)
            .error("Missing required field: worker_id"),
        post("B.2 no worker_id", 400)
            .sends(r#"{"worker_id":"","supported_tasks":["echo"]}"#)
            .error("Missing required field: worker_id"),
        post("? unreadable registration", 400)
            .sends(r#"{"worker_id":"x","supported_tasks":"echo"}"#),
        post("? unreadable registration", 400).sends("{\"worker_id\":\"x\\u0000y\"}"),
    ]
}

/// Signs of life: B.3.
fn beating() -> Vec<Row> {
    let patch = |id, path, status| row(id, Method::PATCH, path, status).with(TOKEN);
    let known = "/_worker/workers/known";
    let fresh = json!({"status": "ttl_refreshed"});
    vec![
        patch("B.3 object", known, 200)
            .sends(r#"{"load":1,"status":"idle","hot_cache":["m"],"worker_id":"other"}"#)
            .body(json!({
                "worker_id": "known", "supported_tasks": ["echo"], "worker_type": "cpu",
                "resources": {"cpu_cores": 4}, "load": 1, "status": "idle", "hot_cache": ["m"],
                "cancel_task_ids": [],
            }))
            .answers(JSON),
        patch("B.3 no object", known, 200).body(fresh.clone()),
        patch("B.3 no object", known, 200)
            .sends("{}")
            .body(fresh.clone()),
        patch("B.3 no object", known, 200)
            .sends("{nonsense")
            .body(fresh.clone()),
        patch("B.3 no object", known, 200).sends("[1]").body(fresh),
        patch("B.3 unknown", "/_worker/workers/nobody", 404)
            .sends(r#"{"load":0}"#)
            .error("Worker not found"),
        patch("B.3 unknown", "/_worker/workers/nobody", 404).error("Worker not found"),
        patch("B.3 unknown", "/_worker/workers/nobody", 404)
            .sends("{")
            .error("Worker not found"),
        patch("? other session", known, 404)
            .sends(r#"{"session_id":"01890000-0000-7000-8000-000000000000"}"#)
            .error("Worker not found"),
    ]
}

/// Asking for work: B.4.
fn polling() -> Vec<Row> {
    let get = |id, path, status| row(id, Method::GET, path, status).with(TOKEN);
    vec![
        get(
            "B.4 none",
            "/_worker/workers/known/tasks/next?timeout=0",
            204,
        ),
        get(
            "B.4 none",
            "/_worker/workers/known/tasks/next?timeout=0.05",
            204,
        ),
        get(
            "B.4 none",
            "/_worker/workers/known/tasks/next?timeout=50ms&types=x,y",
            204,
        ),
        get(
            "B.4 unregistered",
            "/_worker/workers/nobody/tasks/next",
            404,
        )
        .error("Worker not found"),
        get(
            "? other session",
            "/_worker/workers/known/tasks/next?session=x",
            404,
        )
        .error("Worker not found"),
        get(
            "? bad wait",
            "/_worker/workers/known/tasks/next?timeout=long",
            400,
        ),
        get(
            "? bad wait",
            "/_worker/workers/known/tasks/next?timeout=1&timeout=2",
            400,
        ),
    ]
}

/// Results that name no job to act on: B.5.
fn reporting() -> Vec<Row> {
    let post = |id, status| row(id, Method::POST, RESULT, status).with(TOKEN);
    let ids = "job_id and task_id are required";
    vec![
        post("B.5 no identity", 400)
            .sends(r#"{"job_id":"{waiting}","task_id":"x"}"#)
            .error("Could not identify authenticated worker."),
        post("B.5 no ids", 400)
            .sends(r#"{"worker_id":"known"}"#)
            .error(ids),
        post("B.5 no ids", 400)
            .sends(r#"{"worker_id":"known","job_id":"{waiting}"}"#)
            .error(ids),
        post("B.5 no ids", 400)
            .sends(r#"{"worker_id":"known","task_id":"{unknown}"}"#)
            .error(ids),
        post("B.5 no ids", 400)
            .sends(r#"{"worker_id":"known","job_id":"","task_id":"{unknown}"}"#)
            .error(ids),
        post("B.5 unknown job", 404)
            .sends(r#"{"worker_id":"known","job_id":"{unknown}","task_id":"{unknown}"}"#)
            .error("Job not found"),
        post("B.5 unknown job", 404)
            .sends(r#"{"worker_id":"known","job_id":"j","task_id":"t"}"#)
            .error("Job not found"),
        post("B.5 null result", 400)
            .sends(
                r#"{"worker_id":"known","job_id":"{waiting}","task_id":"{unknown}","result":null}"#,
            )
            .body(json!({"code": "INVALID_MESSAGE"})),
    ]
}

/// Results that are not the task's: B.5, "no check" in the seed era.
fn foreign() -> Vec<Row> {
    let answers = [
        ("{}", "result_accepted_success"),
        (r#"{"status":"success"}"#, "result_accepted_success"),
        (r#"{"status":"of_my_own"}"#, "result_accepted_success"),
        (r#"{"status":"failure"}"#, "result_accepted_failure"),
        (r#"{"status":"cancelled"}"#, "result_accepted_cancelled"),
    ];
    let mut rows = Vec::new();
    for job in ["{waiting}", "{ended}", "{foreign}"] {
        for task in ["{unknown}", "not-an-id"] {
            for (result, status) in answers {
                let text = format!(
                    r#"{{"worker_id":"known","job_id":"{job}","task_id":"{task}","result":{result}}}"#
                );
                let row = row("B.5 stale", Method::POST, RESULT, 200)
                    .with(TOKEN)
                    .sends(text.leak())
                    .body(json!({ "status": status, "reason": null }));
                rows.push(row);
            }
        }
    }
    rows
}

pub(crate) fn all() -> Vec<Row> {
    [
        tokens(),
        registering(),
        beating(),
        polling(),
        reporting(),
        foreign(),
    ]
    .concat()
}

#[tokio::test]
async fn workers_are_answered_as_the_contract_says() {
    let wire = Wire::start().await;
    let known = json!({
        "worker_id": "known", "worker_type": "cpu", "supported_tasks": ["echo"],
        "resources": {"cpu_cores": 4},
    });
    wire.register_as(&known).await;
    check_all(&wire, &all()).await;
    // None of those results moved anything.
    for job in wire.get("/api/v1/jobs").await.json().as_array().unwrap() {
        let status = &job["status"];
        assert!(
            status == "waiting_for_worker" || status == "completed",
            "{job}"
        );
    }
}
