//! Traces: from the client's context through the server to the worker, and by OTLP to a collector.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests may panic and talk"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use avtomatika::engine::trace::{job_span, task_span};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use parking_lot::Mutex;
use serde_json::{Value, json};

use support::api::http_client;
use support::process::{Process, avtomatika};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

type Bodies = Arc<Mutex<Vec<Vec<u8>>>>;

/// A collector that keeps what it is sent.
async fn collector() -> (String, Bodies) {
    let bodies = Bodies::default();
    let keep = |State(bodies): State<Bodies>, body: Bytes| async move {
        bodies.lock().push(body.to_vec());
    };
    let routes = Router::new()
        .route("/v1/traces", post(keep))
        .with_state(Arc::clone(&bodies));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (url, bodies)
}

fn holds(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn a_trace_goes_from_the_client_to_the_worker_and_the_collector() {
    let (collector, bodies) = collector().await;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut command = avtomatika();
    command
        .args(["up", "--no-bot-runner", "--listen", "127.0.0.1:0"])
        .args(["--otlp-endpoint", &collector, "--data-dir"])
        .arg(&data)
        .env("CLIENT_TOKEN", "test-client-token")
        .env("GLOBAL_WORKER_TOKEN", "test-worker-token");
    let server = Process::start(command, &dir.path().join("log"));
    let http = http_client();
    let file = data.join("client.toml");
    let mut url = String::new();
    for _ in 0..200 {
        if let Ok(text) = std::fs::read_to_string(&file)
            && let Ok(table) = text.parse::<toml::Table>()
        {
            url = table["url"].as_str().unwrap().to_owned();
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ask = |path: &str, body: Value| {
        http.post(format!("{url}{path}"))
            .header("X-Avtomatika-Token", "test-client-token")
            .header("X-Worker-Token", "test-worker-token")
            .header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))
            .json(&body)
            .send()
    };
    let registered = ask(
        "/_worker/workers/register",
        json!({"worker_id": "w", "supported_tasks": ["echo_task"]}),
    );
    assert!(registered.await.unwrap().status().is_success());
    let accepted = ask("/api/v1/jobs/test", json!({"message": "hi"}))
        .await
        .unwrap();
    let accepted: Value = accepted.json().await.unwrap();
    let job = accepted["job_id"].as_str().unwrap().parse().unwrap();
    let polled = http
        .get(format!("{url}/_worker/workers/w/tasks/next?timeout=5"))
        .header("X-Worker-Token", "test-worker-token")
        .send();
    let task: Value = polled.await.unwrap().json().await.unwrap();
    let span = task_span(task["task_id"].as_str().unwrap().parse().unwrap());
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    assert_eq!(
        task["tracing_context"]["traceparent"],
        json!(format!("00-{TRACE}-{}-01", hex(&span)))
    );
    let result = json!({
        "worker_id": "w", "job_id": task["job_id"], "task_id": task["task_id"],
        "lease": task["lease"], "result": {"status": "success", "data": {}},
    });
    assert!(
        ask("/_worker/tasks/result", result)
            .await
            .unwrap()
            .status()
            .is_success()
    );
    let trace = u128::from_str_radix(TRACE, 16).unwrap().to_be_bytes();
    let parent = 0xb7ad_6b71_6920_3331_u64.to_be_bytes();
    let mut found = false;
    for _ in 0..200 {
        let all: Vec<u8> = bodies.lock().concat();
        found = [
            &trace[..],
            &job_span(job),
            &span,
            &parent,
            b"job test_flow",
            b"task echo_task",
        ]
        .iter()
        .all(|part| holds(&all, part));
        if found {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(found, "{}", server.output());
    assert!(server.terminate(Duration::from_secs(15)).await.success());
}
