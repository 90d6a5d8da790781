//! Changing who may do what while the server runs.

use std::time::{Duration, Instant};

use avtomatika_server::ClientConfig;
use avtomatika_server::access::Role;
use reqwest::Method;
use serde_json::json;

use crate::access_files::Folder;
use crate::harness::{Answer, STEPS, Wire, answer};
use crate::raw::Raw;

const ADMIN: &str = "123456:TEST-TOKEN-ADMIN";
const ANNA: &str = "[anna]\ntoken = \"123456:TEST-TOKEN-ANNA\"\n";
const BORIS: &str = "[boris]\ntoken = \"123456:TEST-TOKEN-BORIS\"\n";
const W1: &str = "[w1]\ntoken = \"123456:TEST-TOKEN-W1\"\n";

async fn start(folder: &Folder) -> Wire {
    let admin = ClientConfig::new("root", ADMIN).role(Role::Admin);
    Wire::knowing(folder.access().client(admin)).await
}

async fn reload(wire: &Wire, path: &str) -> Answer {
    let request = wire.request(Method::POST, path);
    answer(request.header("X-Avtomatika-Token", ADMIN)).await
}

async fn jobs_as(wire: &Wire, token: &str) -> u16 {
    let request = wire.request(Method::GET, "/api/jobs");
    let read = answer(request.header("X-Avtomatika-Token", token)).await;
    read.status.as_u16()
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(5), "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_changed_file_is_read_by_itself() {
    let folder = Folder::new(ANNA, "");
    let wire = start(&folder).await;
    assert_eq!(jobs_as(&wire, "123456:TEST-TOKEN-ANNA").await, 200);
    assert_eq!(jobs_as(&wire, "123456:TEST-TOKEN-BORIS").await, 401);
    folder.clients(BORIS);
    eventually("boris is let in", async || {
        jobs_as(&wire, "123456:TEST-TOKEN-BORIS").await == 200
    })
    .await;
    assert_eq!(jobs_as(&wire, "123456:TEST-TOKEN-ANNA").await, 401);
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_is_complained_about() {
    let folder = Folder::new(ANNA, W1);
    let wire = start(&folder).await;
    folder.clients("[anna]\ntoken = 1\n[boris]\n");
    let refused = reload(&wire, "/api/admin/reload").await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    let told = refused.json();
    assert_eq!(told["code"], "INVALID_CONFIGURATION");
    let mistakes = told["details"]["mistakes"].as_array().unwrap();
    assert_eq!(mistakes.len(), 2, "{told}");
    assert_eq!(
        (
            &mistakes[0]["table"],
            &mistakes[0]["key"],
            &mistakes[0]["line"]
        ),
        (&json!("anna"), &json!("token"), &json!(2))
    );
    assert_eq!(jobs_as(&wire, "123456:TEST-TOKEN-ANNA").await, 200);
    // The other file still counts when only one is broken.
    folder.workers("");
    reload(&wire, "/api/admin/reload").await;
    wire.register("w1", &["echo"]).await;
    // Taking the file away is no statement either.
    std::fs::remove_file(folder.files().clients.unwrap()).unwrap();
    assert_eq!(reload(&wire, "/api/admin/reload").await.status, 200);
    assert_eq!(jobs_as(&wire, "123456:TEST-TOKEN-ANNA").await, 200);
    // An empty one is.
    folder.clients("");
    let done = reload(&wire, "/api/admin/reload").await;
    assert_eq!(
        done.json(),
        json!({"status": "reloaded", "clients": 3, "workers": 1})
    );
    assert_eq!(jobs_as(&wire, "123456:TEST-TOKEN-ANNA").await, 401);
}

#[tokio::test]
async fn a_disabled_client_is_told_so() {
    let folder = Folder::new(ANNA, "");
    let wire = start(&folder).await;
    folder.clients(&format!("{ANNA}disabled = true\n"));
    reload(&wire, "/api/admin/reload").await;
    let request = wire.request(Method::GET, "/api/jobs");
    let refused = answer(request.header("X-Avtomatika-Token", "123456:TEST-TOKEN-ANNA")).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["code"], "CLIENT_DISABLED");
}

#[tokio::test]
async fn a_client_taken_out_loses_its_waiting_request() {
    let folder = Folder::new(&format!("{ANNA}{BORIS}"), "");
    let wire = start(&folder).await;
    let mut waiting = Vec::new();
    for name in ["ANNA", "BORIS"] {
        let token = format!("123456:TEST-TOKEN-{name}");
        let post = wire.request(Method::POST, STEPS).json(&json!({}));
        let posted = answer(post.header("X-Avtomatika-Token", &token)).await;
        let path = format!("/api/jobs/{}", posted.json()["job_id"].as_str().unwrap());
        let job = wire.request(Method::GET, &path);
        let first = answer(job.header("X-Avtomatika-Token", &token)).await;
        assert_eq!(first.status, 200, "{}", first.text);
        let long = wire.request(Method::GET, &format!("{path}?wait=20s"));
        waiting.push(tokio::spawn(answer(
            long.header("X-Avtomatika-Token", &token),
        )));
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    folder.clients(BORIS);
    let begun = Instant::now();
    reload(&wire, "/api/admin/reload").await;
    let ended = waiting.remove(0).await.unwrap();
    assert_eq!(ended.status, 401, "{}", ended.text);
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert!(!waiting[0].is_finished(), "boris still waits");
}

fn poll_as(token: &str) -> String {
    format!(
        "GET /_worker/workers/w1/tasks/next HTTP/1.1\r\nhost: x\r\nx-worker-token: {token}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_worker_taken_out_loses_its_parked_poll_and_no_task() {
    let folder = Folder::new("", W1);
    let wire = start(&folder).await;
    let own = "123456:TEST-TOKEN-W1";
    let register = wire
        .request(Method::POST, "/_worker/workers/register")
        .header("X-Worker-Token", own)
        .json(&json!({"worker_id": "w1", "supported_tasks": ["echo"]}));
    assert_eq!(answer(register).await.status, 200);
    let mut parked = Raw::connect(wire.addr).await;
    parked.send(poll_as(own)).await;
    wire.parked(1).await;
    folder.workers("");
    let reloaded = reload(&wire, "/api/admin/reload-workers").await;
    assert_eq!(
        reloaded.json(),
        json!({"status": "worker_configs_reloaded"})
    );
    let ended = parked.answer().await;
    assert_eq!(ended.status, 401, "{}", ended.body);
    wire.parked(0).await;
    // The poll is gone for good: a task that comes now is for others.
    let job = wire.submit(json!({})).await;
    wire.register("w2", &["echo"]).await;
    assert_eq!(wire.take("w2").await["job_id"], json!(job));
}

#[tokio::test]
async fn a_reload_that_changes_nothing_for_a_worker_leaves_its_poll_alone() {
    let folder = Folder::new("", W1);
    let wire = start(&folder).await;
    wire.register("w2", &["echo"]).await;
    let mut parked = Raw::connect(wire.addr).await;
    parked.poll("w2").await;
    wire.parked(1).await;
    folder.workers("");
    reload(&wire, "/api/admin/reload").await;
    let job = wire.submit(json!({})).await;
    let answer = parked.answer().await;
    assert_eq!(
        (answer.status, &answer.json()["job_id"]),
        (200, &json!(job))
    );
}

#[tokio::test]
async fn tables_of_workers_are_for_one_or_many() {
    let workers = r#"
[w1]
token = "123456:TEST-TOKEN-W1"
["pattern:w*"]
tokens = ["123456:TEST-TOKEN-NEW", "123456:TEST-TOKEN-OLD"]
["pattern:w9*"]
token = "123456:TEST-TOKEN-NINE"
[retired]
token = "123456:TEST-TOKEN-RETIRED"
disabled = true
"#;
    let wire = start(&Folder::new("", workers)).await;
    let common = crate::harness::WORKER;
    let own = "Unauthorized: Invalid individual worker token";
    for (worker, token, status, text) in [
        ("w1", "123456:TEST-TOKEN-W1", 404, "Worker not found"),
        ("w1", "123456:TEST-TOKEN-NEW", 401, own),
        ("w1", common, 401, own),
        ("w2", "123456:TEST-TOKEN-NEW", 404, "Worker not found"),
        ("w2", "123456:TEST-TOKEN-OLD", 404, "Worker not found"),
        ("w2", "123456:TEST-TOKEN-NINE", 401, own),
        ("w2", common, 401, own),
        ("w91", "123456:TEST-TOKEN-NINE", 404, "Worker not found"),
        ("w91", "123456:TEST-TOKEN-OLD", 404, "Worker not found"),
        ("x", common, 404, "Worker not found"),
        (
            "x",
            "123456:TEST-TOKEN-NEW",
            401,
            "Unauthorized: No valid token found",
        ),
        (
            "retired",
            "123456:TEST-TOKEN-RETIRED",
            403,
            "the worker 'retired' is disabled",
        ),
        ("retired", common, 401, own),
    ] {
        let path = format!("/_worker/workers/{worker}/tasks/next?timeout=0");
        let request = wire.request(Method::GET, &path);
        let told = answer(request.header("X-Worker-Token", token)).await;
        assert_eq!(
            (told.status.as_u16(), told.json()["error"].as_str()),
            (status, Some(text)),
            "{worker} {token}"
        );
    }
}

#[tokio::test]
async fn without_a_file_there_is_nothing_to_reload() {
    let admin = ClientConfig::new("root", ADMIN).role(Role::Admin);
    let wire = Wire::knowing(crate::harness::access().client(admin)).await;
    let refused = reload(&wire, "/api/admin/reload-workers").await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.json()["error"],
        "WORKERS_CONFIG_PATH is not set, cannot reload configs."
    );
    assert_eq!(reload(&wire, "/api/v1/admin/reload").await.status, 200);
}
