//! The seed era's local test plan: its own curl commands, against our server, with the published
//! Python worker SDK and with ours.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod support;

use std::path::Path;

use avtomatika::engine::seal::Sealer;
use avtomatika::server::Options as ServerOptions;
use avtomatika::{Access, Blueprint, ClientEntry, Dispatch, EndAs, Memory, Options, Server};
use serde_json::{Value, json};
use std::sync::Arc;
use support::api::Api;
use support::process::{Process, clean};
use support::stack::{CLIENT_TOKEN, Setup, Stack, WORKER_TOKEN};
use support::{python_worker, until, workspace};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

/// The commands as the plan has them (`docs`: its steps 5 and 6 and its further tests); only the
/// port and the id are filled in, as the plan says to.
const CREATE: &str = r#"curl -X POST http://localhost:8080/api/v1/jobs/test \
  -H "Content-Type: application/json" \
  -H "X-Avtomatika-Token: test-client-token" \
  -d '{"message": "Hello World", "multiply": 3}'"#;
const STATUS: &str = r#"curl http://localhost:8080/api/v1/jobs/JOB_ID \
  -H "X-Avtomatika-Token: test-client-token" | python -m json.tool"#;
const WORKERS: &str = r#"curl http://localhost:8080/api/v1/workers \
  -H "X-Avtomatika-Token: test-client-token" | python -m json.tool"#;
const FIVE: &str = r#"for i in {1..5}; do
  curl -X POST http://localhost:8080/api/v1/jobs/test \
    -H "Content-Type: application/json" \
    -H "X-Avtomatika-Token: test-client-token" \
    -d "{\"message\": \"Message $i\", \"multiply\": $i}"
  echo ""
done"#;

/// Runs a command of the plan in bash; what it printed.
async fn shell(stack: &Stack, command: &str, job: &str) -> String {
    let command = command
        .replace("localhost:8080", &format!("localhost:{}", stack.port()))
        .replace("JOB_ID", job);
    let mut bash = Command::new("bash");
    clean(&mut bash);
    let python = python_worker();
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", python.parent().unwrap().display());
    bash.args(["-o", "pipefail", "-c", &command])
        .env("PATH", path);
    let output = bash.output().await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}\n{error}");
    String::from_utf8(output.stdout).unwrap()
}

async fn shell_json(stack: &Stack, command: &str, job: &str) -> Value {
    let text = shell(stack, command, job).await;
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The status command again and again, until the job is where it should be.
async fn shown(stack: &Stack, job: &str, state: &str) -> Value {
    for _ in 0..200 {
        let view = shell_json(stack, STATUS, job).await;
        if view["current_state"] == state {
            return view;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!(
        "job {job} did not come to {state}: {}",
        stack.api.job(job).await
    );
}

/// The unmodified SDK's worker.
fn python(url: &str, folder: &Path, name: &str, environment: &[(&str, &str)]) -> Process {
    let mut command = Command::new(python_worker());
    clean(&mut command);
    command
        .arg(workspace().join("tests/python/seed_worker.py"))
        .env("ORCHESTRATOR_URL", url)
        .env("WORKER_ID", name)
        .env("WORKER_TOKEN", WORKER_TOKEN)
        .envs(environment.iter().copied())
        .current_dir(folder);
    Process::start(command, &folder.join(format!("{name}.log")))
}

async fn registered(api: &Api, count: usize) {
    until(20, "the workers are registered", || async move {
        api.get("/api/v1/workers").await.as_array().unwrap().len() == count
    })
    .await;
}

/// Every step of the plan, with whatever worker is there.
async fn the_plan(stack: &Stack, name: &str) {
    registered(&stack.api, 1).await;
    let workers = shell_json(stack, WORKERS, "").await;
    assert_eq!(workers[0]["worker_id"], name, "{workers}");
    let tasks = workers[0]["supported_tasks"].as_array().unwrap();
    assert!(tasks.contains(&json!("echo_task")), "{workers}");

    let answer = shell_json(stack, CREATE, "").await;
    assert_eq!(answer["status"], "accepted");
    let job = answer["job_id"].as_str().unwrap();
    assert!(job.parse::<uuid::Uuid>().is_ok(), "{job}");
    let view = shown(stack, job, "completed").await;
    assert_eq!(view["id"], job);
    assert_eq!(view["blueprint_name"], "test_flow");
    assert_eq!(view["status"], "completed");
    assert_eq!(
        view["initial_data"],
        json!({"message": "Hello World", "multiply": 3})
    );
    assert_eq!(
        view["state_history"],
        json!({
            "processed_message": "Hello World Hello World Hello World",
            "original_message": "Hello World",
            "multiplied_by": 3,
        })
    );

    let five = shell(stack, FIVE, "").await;
    let jobs: Vec<Value> = five
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(jobs.len(), 5, "{five}");
    for (number, job) in (1..).zip(&jobs) {
        let view = shown(stack, job["job_id"].as_str().unwrap(), "completed").await;
        assert_eq!(view["state_history"]["multiplied_by"], number, "{view}");
        assert_eq!(
            view["state_history"]["original_message"],
            format!("Message {number}")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_works_with_the_published_python_sdk() {
    let mut stack = Stack::start(Setup::default().argument(&["--no-bot-runner"])).await;
    let worker = python(&stack.api.url, stack.root.path(), "local-test-worker", &[]);
    the_plan(&stack, "local-test-worker").await;
    let output = worker.output();
    assert!(output.contains("received echo_task"), "{output}");
    drop(worker);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_works_with_the_rust_sdk() {
    let mut stack = Stack::start(Setup::default().argument(&["--no-bot-runner"])).await;
    let worker = stack.echo_worker("local-test-worker", 0);
    the_plan(&stack, "local-test-worker").await;
    let status = worker.terminate(std::time::Duration::from_secs(10)).await;
    assert!(status.success(), "{status}");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_python_workers_task_goes_to_another() {
    let setup = Setup::default()
        .argument(&["--no-bot-runner"])
        .env("LEASE_SECONDS", "3");
    let mut stack = Stack::start(setup).await;
    let beats = [("HEARTBEAT_INTERVAL", "0.5")];
    let slow = [("HEARTBEAT_INTERVAL", "0.5"), ("WORK_SECONDS", "120")];
    let first = python(&stack.api.url, stack.root.path(), "first", &slow);
    registered(&stack.api, 1).await;
    let job = stack
        .api
        .submit("/api/v1/jobs/test", &json!({"message": "a", "multiply": 2}))
        .await;
    until(10, "the first worker works on it", || {
        let output = first.output();
        async move { output.contains("received echo_task") }
    })
    .await;
    assert_eq!(stack.api.job(&job).await["task_worker_id"], "first");
    let second = python(&stack.api.url, stack.root.path(), "second", &beats);
    registered(&stack.api, 2).await;
    first.kill_nine().await;
    let view = stack.api.end(&job, 20).await;
    assert_eq!(view["status"], "completed", "{view}");
    assert_eq!(view["state_history"]["processed_message"], "a a");
    assert!(second.output().contains(&job), "{}", second.output());
    drop(second);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_worker_outlives_a_killed_server() {
    let mut stack = Stack::start(Setup::default().argument(&["--no-bot-runner"])).await;
    let beats = [("HEARTBEAT_INTERVAL", "1"), ("WORK_SECONDS", "2")];
    let mut worker = python(&stack.api.url, stack.root.path(), "stays", &beats);
    registered(&stack.api, 1).await;
    let body = json!({"message": "b", "multiply": 2});
    let in_hand = stack.api.submit("/api/v1/jobs/test", &body).await;
    until(10, "the worker works on it", || {
        let output = worker.output();
        async move { output.contains("received echo_task") }
    })
    .await;
    stack.kill_nine().await;
    // It will have its result ready while nobody is there.
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    stack.start_again().await;
    let later = stack.api.submit("/api/v1/jobs/test", &body).await;
    for job in [&in_hand, &later] {
        let view = stack.api.end(job, 60).await;
        assert_eq!(view["status"], "completed", "{view}");
        assert_eq!(view["state_history"]["processed_message"], "b b");
    }
    assert!(worker.is_running());
    let times = |job: &str| {
        let output = worker.output();
        let line = |line: &&str| line.contains("received echo_task") && line.contains(job);
        output.lines().filter(line).count()
    };
    // A hand-out is not flushed to disk, so the crash may have had it made twice; its job ended
    // once all the same.
    assert!((1..=2).contains(&times(&in_hand)));
    assert_eq!(times(&later), 1);
    let ended = stack
        .api
        .metric("avtomatika_jobs_ended_total", "test_flow")
        .await;
    assert_eq!(ended, 2.0);
    drop(worker);
    stack.stop().await;
}

/// The plan's second further test: "change the blueprint to use it".
fn failing_flow() -> Blueprint {
    Blueprint::builder("failing_flow")
        .versioned_endpoint("v1", "/jobs/failing")
        .start("start", |context| {
            let code = context.input.get("code").cloned().unwrap_or_default();
            let mut task = Dispatch::new("failing_task")
                .on("success", "completed")
                .on("failure", "failed");
            if code.is_string() {
                task = task.param("code", code);
            }
            Ok(avtomatika::Action::dispatch(task))
        })
        .end("completed", EndAs::Completed)
        .end("failed", EndAs::Failed)
        .build()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_failing_task_of_the_plan_ends_as_its_code_says() {
    let engine = Options::new(Arc::new(Memory::new(45_000)), Sealer::new([0; 32]))
        .blueprint(failing_flow())
        .build();
    let access = Access::default()
        .client(ClientEntry {
            id: "test".into(),
            token: CLIENT_TOKEN.to_owned(),
            trusted: false,
        })
        .worker_token(WORKER_TOKEN);
    let options = ServerOptions::new(engine, access, avtomatika::server::metrics::install());
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), options)
        .await
        .unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.run(stop.clone()));
    let folder = tempfile::tempdir().unwrap();
    let api = Api::new(&url, CLIENT_TOKEN);
    let worker = python(&url, folder.path(), "failing", &[]);
    registered(&api, 1).await;

    let path = "/api/v1/jobs/failing";
    let transient = api.submit(path, &json!({})).await;
    for (code, status) in [
        ("INVALID_INPUT_ERROR", "failed"),
        ("PERMANENT_ERROR", "quarantined"),
    ] {
        let job = api.submit(path, &json!({"code": code})).await;
        let view = api.end(&job, 20).await;
        assert_eq!(view["status"], status, "{view}");
        assert_eq!(view["error"]["code"], code, "{view}");
        let message = view["error_message"].as_str().unwrap();
        assert!(
            message.contains("Intentional failure for testing"),
            "{message}"
        );
    }
    // A code of the blueprint's own takes the way the blueprint gives it.
    let job = api.submit(path, &json!({"code": "NO_LUCK"})).await;
    let view = api.end(&job, 20).await;
    assert_eq!(view["current_state"], "failed", "{view}");
    // A passing fault is tried four times in all, as in the seed era, and then is a failure.
    let view = api.end(&transient, 60).await;
    assert_eq!(view["current_state"], "failed", "{view}");
    let message = "Task failed after 4 attempts: Intentional failure for testing";
    assert_eq!(view["error_message"], message, "{view}");
    let tries = |line: &&str| line.contains("failing on purpose with TRANSIENT_ERROR");
    assert_eq!(worker.output().lines().filter(tries).count(), 4);
    drop(worker);
    stop.cancel();
    running.await.unwrap().unwrap();
}
