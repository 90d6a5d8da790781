//! Workers that die or freeze with tasks in hand: others finish them, and nothing ends twice.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::stack::{Setup, Stack};
use support::until;

const JOBS: usize = 60;

async fn held_by(stack: &Stack, worker: &str) -> u64 {
    let workers = stack.api.get("/api/v1/workers").await;
    let mut all = workers.as_array().unwrap().iter();
    all.find(|it| it["worker_id"] == worker)
        .map_or(0, |it| it["load"].as_u64().unwrap())
}

/// A server with short leases, three workers and jobs; the first worker holds some of them.
async fn busy() -> (Stack, Vec<support::process::Process>, Vec<String>) {
    let setup = Setup::default()
        .argument(&["--no-bot-runner"])
        .env("LEASE_SECONDS", "3");
    let stack = Stack::start(setup).await;
    let workers = ["doomed", "second", "third"]
        .map(|name| stack.echo_worker(name, 800))
        .into();
    until(20, "three workers are there", || async {
        stack
            .api
            .get("/api/v1/workers")
            .await
            .as_array()
            .unwrap()
            .len()
            == 3
    })
    .await;
    let mut jobs = Vec::new();
    for number in 0..JOBS {
        let body = json!({"message": format!("job {number}"), "multiply": 1});
        jobs.push(stack.api.submit("/api/v1/jobs/test", &body).await);
    }
    until(20, "the worker holds tasks", || async {
        held_by(&stack, "doomed").await >= 5
    })
    .await;
    (stack, workers, jobs)
}

/// Every job completed with its own answer, and the server counted each end once.
async fn all_ended_once(stack: &Stack, jobs: &[String]) -> BTreeMap<String, usize> {
    let mut by_worker = BTreeMap::new();
    for (number, job) in jobs.iter().enumerate() {
        let view: Value = stack.api.end(job, 60).await;
        assert_eq!(view["status"], "completed", "{view}");
        assert_eq!(
            view["state_history"]["processed_message"],
            format!("job {number}")
        );
        let worker = view["task_worker_id"].as_str().unwrap_or("?").to_owned();
        *by_worker.entry(worker).or_default() += 1;
    }
    by_worker
}

async fn ends_counted(stack: &Stack) -> f64 {
    stack
        .api
        .metric("avtomatika_jobs_ended_total", "test_flow")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_workers_tasks_are_finished_by_others() {
    let (mut stack, mut workers, jobs) = busy().await;
    let doomed = workers.remove(0);
    let held = held_by(&stack, "doomed").await;
    doomed.kill_nine().await;
    let by_worker = all_ended_once(&stack, &jobs).await;
    assert_eq!(ends_counted(&stack).await, JOBS as f64);
    let lost = stack.api.metric("avtomatika_tasks_lost_total", "").await;
    println!("killed with {held} tasks in hand; lost and done again: {lost}; {by_worker:?}");
    assert!(lost >= 1.0, "it held tasks that nobody did again");
    drop(workers);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_workers_late_results_change_nothing() {
    let (mut stack, mut workers, jobs) = busy().await;
    let frozen = workers.remove(0);
    frozen.signal("STOP");
    let by_worker = all_ended_once(&stack, &jobs).await;
    frozen.signal("CONT");
    // It wakes with results of tasks that others have done meanwhile, and tells the server.
    let later = stack
        .api
        .submit(
            "/api/v1/jobs/test",
            &json!({"message": "later", "multiply": 1}),
        )
        .await;
    let view = stack.api.end(&later, 20).await;
    assert_eq!(view["status"], "completed", "{view}");
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    for (number, job) in jobs.iter().enumerate() {
        let view = stack.api.job(job).await;
        assert_eq!(view["status"], "completed", "{view}");
        assert_eq!(
            view["state_history"]["processed_message"],
            format!("job {number}")
        );
    }
    assert_eq!(ends_counted(&stack).await, JOBS as f64 + 1.0);
    let ignored = stack
        .api
        .metric("avtomatika_results_ignored_total", "")
        .await;
    println!("late results ignored: {ignored}; {by_worker:?}");
    drop((workers, frozen));
    stack.stop().await;
}
