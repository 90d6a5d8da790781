//! "Why is it waiting": each reason, as the API tells it and as `avtomatika jobs show` does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod support;

use std::sync::Arc;

use avtomatika::engine::blueprint::{
    AwaitApproval, Blueprint, Needs, Parallel, RetryPolicy, RunBlueprint, WaitEvent,
};
use avtomatika::engine::seal::Sealer;
use avtomatika::{
    Access, Action, ClientEntry, Dispatch, EndAs, Engine, Memory, Options, Server, Settings,
};
use serde_json::{Value, json};
use support::api::http_client;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

const TOKEN: &str = "test-client-token";
const WORKER: &str = "test-worker-token";
/// How long a task may wait, so that `until_ms` is told.
const PATIENCE_MS: u64 = 600_000;

/// A blueprint whose one state does this.
fn one(name: &str, action: impl Fn() -> Action + Send + Sync + 'static) -> Blueprint {
    Blueprint::builder(name)
        .endpoint(&format!("/jobs/{name}"))
        .start("start", move |_| Ok(action()))
        .end("done", EndAs::Completed)
        .build()
        .unwrap()
}

fn task(task_type: &str) -> Dispatch {
    Dispatch::new(task_type)
        .on("success", "done")
        .dispatch_timeout_ms(PATIENCE_MS)
}

fn engine() -> Engine {
    let blueprints = [
        one("no_worker", || Action::dispatch(task("nobody"))),
        one("busy", || Action::dispatch(task("busy"))),
        one("silent", || Action::dispatch(task("unasked"))),
        one("away", || {
            Action::dispatch(task("busy").to_worker(Some("gone".into())))
        }),
        one("with_worker", || Action::dispatch(task("taken"))),
        one("none_fits", || {
            let needs = Needs {
                gpu_model: Some("A100".to_owned()),
                ..Needs::default()
            };
            Action::dispatch(task("busy").needs(needs))
        }),
        one("back_off", || {
            let retry = RetryPolicy {
                max_attempts: 3,
                initial_ms: PATIENCE_MS,
                max_ms: PATIENCE_MS,
            };
            Action::dispatch(task("breaks").retry(retry))
        }),
        one("branches", || {
            let fork = Parallel::new("done")
                .task("left", task("nobody"))
                .task("right", task("nobody"));
            Action::parallel(fork.timeout_ms(PATIENCE_MS))
        }),
        one("sub_job", || {
            Action::run_blueprint(RunBlueprint::new("no_worker", json!({})).on("success", "done"))
        }),
        one("approval", || {
            Action::await_approval(AwaitApproval::new("ship it?").on("yes", "done"))
        }),
        one("event", || {
            Action::wait_event(WaitEvent::new("paid", "done").or_after(PATIENCE_MS, "done"))
        }),
        one("sleep", || Action::wait_until(u64::MAX / 4, "done")),
    ];
    let mut options = Options::new(Arc::new(Memory::new(45_000)), Sealer::new([7; 32]));
    options.settings = Settings::default();
    options.blueprints.extend(blueprints);
    options.build()
}

struct Stack {
    url: String,
    http: reqwest::Client,
    stop: CancellationToken,
    running: tokio::task::JoinHandle<()>,
}

impl Stack {
    async fn start() -> Self {
        let access = Access::default()
            .client(ClientEntry {
                id: "c".into(),
                token: TOKEN.to_owned(),
                trusted: false,
            })
            .worker_token(WORKER);
        access.load().unwrap();
        let metrics = avtomatika_server::metrics::install();
        let options = avtomatika_server::Options::new(engine(), access, metrics);
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), options)
            .await
            .unwrap();
        let url = format!("http://{}", server.local_addr().unwrap());
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let stop = stop.clone();
            async move {
                server.run(stop).await.unwrap();
            }
        });
        let http = http_client();
        Self {
            url,
            http,
            stop,
            running,
        }
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .header("X-Avtomatika-Token", TOKEN)
            .header("X-Worker-Token", WORKER)
            .json(body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    async fn submit(&self, blueprint: &str) -> String {
        let accepted = self
            .post(&format!("/api/jobs/{blueprint}"), &json!({}))
            .await;
        accepted["job_id"].as_str().unwrap().to_owned()
    }

    async fn view(&self, job: &str) -> Value {
        let request = self
            .http
            .get(format!("{}/api/jobs/{job}", self.url))
            .header("X-Avtomatika-Token", TOKEN);
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn take(&self, worker: &str) -> Value {
        let path = format!("{}/_worker/workers/{worker}/tasks/next?timeout=5", self.url);
        let request = self.http.get(path).header("X-Worker-Token", WORKER);
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn show(&self, job: &str) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_avtomatika"))
            .args(["jobs", "--url", &self.url, "--token", TOKEN, "show", job])
            .env("NO_PROXY", "*")
            .output()
            .await
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{errors}");
        String::from_utf8(output.stdout).unwrap()
    }
}

#[tokio::test]
async fn every_reason_is_told_by_the_api_and_the_command_line() {
    let stack = Stack::start().await;
    let register = "/_worker/workers/register";
    let worker = |id: &str, types: Value| json!({"worker_id": id, "supported_tasks": types, "max_concurrent_tasks": 1});
    // `full` has its one task and can take no other; `breaks` fails its one.
    stack
        .post(register, &worker("full", json!(["taken", "busy"])))
        .await;
    let with_worker = stack.submit("with_worker").await;
    assert_eq!(stack.take("full").await["job_id"], json!(with_worker));
    stack
        .post(register, &worker("clumsy", json!(["breaks"])))
        .await;
    let back_off = stack.submit("back_off").await;
    let broken = stack.take("clumsy").await;
    let result = json!({
        "worker_id": "clumsy", "job_id": broken["job_id"], "task_id": broken["task_id"],
        "lease": broken["lease"], "result": {"status": "failure", "error": {"message": "oops"}},
    });
    stack.post("/_worker/tasks/result", &result).await;

    stack
        .post(register, &worker("idle", json!(["unasked"])))
        .await;

    let mut jobs = vec![
        ("with_worker", with_worker, "worker 'full' has the task"),
        ("back_off", back_off, "waits for its back-off"),
    ];
    for (blueprint, words) in [
        ("no_worker", "no live worker offers the task type 'nobody'"),
        (
            "busy",
            "worker 'full', the only one that offers 'busy', is busy",
        ),
        (
            "silent",
            "1 of 1 workers that offer 'unasked' could take it, but do not ask",
        ),
        ("away", "worker 'gone', which the task is tied to, is away"),
        ("none_fits", "none has what the task requires"),
        (
            "branches",
            "2 of 2 branches have not ended; 'left': no live worker",
        ),
        ("sub_job", "of 'no_worker' has not ended"),
        ("approval", "a person has to decide: ship it?"),
        ("event", "the event 'paid' has not come"),
        ("sleep", "it goes on in state 'done' at a set time"),
    ] {
        jobs.push((blueprint, stack.submit(blueprint).await, words));
    }
    for (blueprint, job, words) in jobs {
        let reason = match blueprint {
            "busy" => "workers_busy",
            "silent" => "workers_silent",
            "away" => "worker_away",
            other => other,
        };
        let view = stack.view(&job).await;
        let waiting = &view["waiting"];
        assert_eq!(waiting["reason"], reason, "{blueprint}: {view}");
        let message = waiting["message"].as_str().unwrap();
        assert!(message.contains(words), "{blueprint}: {message}");
        let since = waiting["since_ms"].as_u64().unwrap();
        assert!(since > 0 && since <= view["updated_at_ms"].as_u64().unwrap() + 60_000);
        let bounded = !matches!(blueprint, "with_worker" | "sub_job" | "approval");
        assert_eq!(
            waiting["until_ms"].is_u64(),
            bounded,
            "{blueprint}: {waiting}"
        );
        let shown = stack.show(&job).await;
        let line = shown
            .lines()
            .find(|line| line.starts_with("waits"))
            .unwrap();
        assert!(line.contains(words), "{blueprint}: {shown}");
        assert!(
            line.contains(&format!("({reason})")),
            "{blueprint}: {shown}"
        );
        assert!(line.contains(", since "), "{blueprint}: {shown}");
    }
    stack.stop.cancel();
    stack.running.await.unwrap();
}
