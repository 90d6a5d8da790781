//! The task handlers through the worker SDK: the seed era's payloads, and the answers its
//! clients read.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    dead_code,
    reason = "tests may panic"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use avtomatika_bot_runner::register;
use avtomatika_worker::Worker;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use support::with_bench;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

/// An orchestrator that hands out what it is told and keeps what it gets.
struct Orchestrator {
    tasks: Mutex<mpsc::Receiver<Value>>,
    results: mpsc::Sender<Value>,
    events: parking_lot::Mutex<Vec<Value>>,
}

async fn next(State(it): State<Arc<Orchestrator>>) -> axum::response::Response {
    let wait = tokio::time::timeout(Duration::from_secs(1), async {
        it.tasks.lock().await.recv().await
    });
    match wait.await {
        Ok(Some(task)) => Json(task).into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn result(State(it): State<Arc<Orchestrator>>, Json(body): Json<Value>) -> Json<Value> {
    it.results.send(body["result"].clone()).await.unwrap();
    Json(json!({"status": "result_accepted_success"}))
}

async fn event(State(it): State<Arc<Orchestrator>>, Json(body): Json<Value>) -> Json<Value> {
    it.events.lock().push(body);
    Json(json!({"status": "event_accepted"}))
}

fn router(orchestrator: Arc<Orchestrator>) -> Router {
    let registered = json!({
        "status": "registered", "session_id": uuid::Uuid::now_v7(),
        "heartbeat_interval_ms": 5000, "lease_ms": 60000,
    });
    Router::new()
        .route(
            "/_worker/workers/register",
            post(async move || Json(registered.clone())),
        )
        .route("/_worker/workers/{id}", patch(async || Json(json!({}))))
        .route("/_worker/workers/{id}/tasks/next", get(next))
        .route("/_worker/tasks/result", post(result))
        .route("/_worker/events", post(event))
        .with_state(orchestrator)
}

fn task(task_type: &str, params: &Value) -> Value {
    let mut all = json!({"user_id": "cli_0123456789abcdef", "bot_id": "echo"});
    all.as_object_mut()
        .unwrap()
        .extend(params.as_object().unwrap().clone());
    json!({
        "job_id": uuid::Uuid::now_v7(), "task_id": uuid::Uuid::now_v7(), "type": task_type,
        "params": all, "lease": "00000000000000aa", "attempt": 1,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seed_eras_tasks_are_done() {
    with_bench(
        |_| (),
        |bench| async move {
            let (tasks, receiver) = mpsc::channel(8);
            let (sender, mut results) = mpsc::channel(8);
            let orchestrator = Arc::new(Orchestrator {
                tasks: Mutex::new(receiver),
                results: sender,
                events: parking_lot::Mutex::default(),
            });
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let server = tokio::spawn({
                let router = router(Arc::clone(&orchestrator));
                async move { axum::serve(listener, router).await.unwrap() }
            });
            let builder = Worker::builder(url, "bot-runner-test")
                .token("TEST")
                .worker_type("bot-runner");
            let worker = register(&bench.runner, builder).build().unwrap();
            let stop = CancellationToken::new();
            let working = tokio::spawn({
                let stop = stop.clone();
                async move { worker.run(stop).await }
            });
            let mut ask = async |task_type: &str, params: Value| {
                tasks.send(task(task_type, &params)).await.unwrap();
                let answer = tokio::time::timeout(Duration::from_secs(60), results.recv()).await;
                let answer = answer.unwrap().unwrap();
                println!("{task_type}: {answer}");
                answer
            };

            let bad = ask(
                "start_bot",
                json!({"deployment_mode": "simple", "code": "x", "entrypoint": "../x.py"}),
            )
            .await;
            assert_eq!(
                (&bad["status"], &bad["error"]["code"]),
                (&json!("failure"), &json!("INVALID_ENTRYPOINT"))
            );
            let start = json!({
                "deployment_mode": "simple", "code": support::COUNTING, "requirements": [],
                "env_vars": {"NAME": "planted-secret"}, "spec_version": 4,
                "resource_limits": {"memory_mb": 128, "cpu_cores": 0.5, "timeout_hours": 24},
            });
            let started = ask("start_bot", start.clone()).await;
            assert_eq!(started["data"]["status"], "started");
            assert_eq!(started["data"]["spec_version"], 4);
            let status = ask("check_status", json!({})).await;
            assert_eq!(
                (&status["data"]["exists"], &status["data"]["state"]),
                (&json!(true), &json!("running"))
            );
            let logs = ask("get_logs", json!({"lines": 50})).await;
            assert_eq!(logs["data"]["status"], "success");
            assert!(logs["data"]["logs"].as_str().unwrap().contains("tick 0"));
            let more = ask(
                "get_logs",
                json!({"lines": 50, "cursor": logs["data"]["cursor"], "wait_ms": 3000}),
            )
            .await;
            assert!(!more["data"]["lines"].as_array().unwrap().is_empty());
            let list = ask("list_bots", json!({})).await;
            assert_eq!(
                (&list["data"]["count"], &list["data"]["bots"][0]["bot_id"]),
                (&json!(1), &json!("echo"))
            );
            let updated = ask("update_bot", start).await;
            assert_eq!(updated["data"]["status"], "updated");
            assert_eq!(
                ask("restart_bot", json!({})).await["data"]["status"],
                "restarted"
            );
            assert_eq!(
                ask("stop_bot", json!({})).await["data"]["status"],
                "stopped"
            );
            assert_eq!(
                ask("stop_bot", json!({})).await["data"]["status"],
                "not_found"
            );
            let gone = ask("check_status", json!({})).await;
            assert_eq!(gone["data"], json!({"exists": false, "bot_id": "echo"}));
            let phases: Vec<String> = orchestrator
                .events
                .lock()
                .iter()
                .filter_map(|event| event["payload"]["phase"].as_str().map(str::to_owned))
                .collect();
            assert!(
                phases.starts_with(&["prepare".into(), "dependencies".into(), "create".into()]),
                "{phases:?}"
            );
            let said = format!("{:?}", orchestrator.events.lock());
            assert!(!said.contains("planted-secret"));
            stop.cancel();
            working.await.unwrap().unwrap();
            server.abort();
        },
    )
    .await;
}
