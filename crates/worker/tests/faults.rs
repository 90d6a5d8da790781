//! What goes wrong between a worker and its server, and how the worker gets over it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod fake;

use std::time::Duration;

use avtomatika_worker::{Error, Failure, TaskContext};
use fake::Fault;
use serde_json::{Value, json};
use tokio::sync::Notify;

async fn echo(ctx: TaskContext) -> Result<Value, Failure> {
    ctx.params()
}

#[tokio::test]
async fn a_refused_token_is_an_error_of_the_worker() {
    let fake = fake::start().await;
    let working = fake::run(fake::worker(&fake).token("WRONG").task("echo", echo));
    let error = working.ended().await.unwrap_err();
    assert!(
        matches!(error, Error::RegistrationRefused { status: 401, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("No valid token found"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_comes_up_later_is_waited_for() {
    let fake = fake::start().await;
    fake.fail_registrations([Fault::Status(503, json!({})), Fault::HangUp]);
    let working = fake::run(fake::worker(&fake).task("echo", echo));
    let task_id = fake.push("echo", json!({}));
    fake.result_of(&task_id).await;
    assert_eq!(fake.log(|log| log.registrations.len()), 3);
    working.stop().await;
}

#[tokio::test]
async fn registers_again_when_a_poll_is_told_that_the_session_is_unknown() {
    let fake = fake::start().await;
    let working = fake::run(fake::worker(&fake).task("echo", echo));
    fake.until("it polls", |log| log.polls_parked == 1).await;
    fake.forget();
    fake.until("it is back", |log| log.registrations.len() == 2)
        .await;
    let task_id = fake.push("echo", json!({}));
    fake.result_of(&task_id).await;
    let sessions: Vec<_> = fake.log(|log| {
        log.polls
            .iter()
            .map(|poll| poll["session"].clone())
            .collect()
    });
    assert_ne!(sessions.first(), sessions.last());
    working.stop().await;
}

#[tokio::test]
async fn registers_again_when_a_heartbeat_is_answered_404() {
    // Its only slot is taken, so there is no poll that could learn of it.
    let fake = fake::start_with_lease_ms(400).await;
    let worker = fake::worker(&fake)
        .max_concurrent_tasks(1)
        .task("long", |_| async {
            tokio::time::sleep(Duration::from_millis(1500)).await;
        });
    let working = fake::run(worker);
    let task_id = fake.push("long", json!({}));
    fake.until("it runs", |log| {
        log.heartbeats.iter().any(|beat| beat["load"] == 1.0)
    })
    .await;
    fake.forget();
    fake.until("it is back", |log| log.registrations.len() == 2)
        .await;
    assert!(fake.log(|log| log.results.is_empty()));
    assert_eq!(
        fake.result_of(&task_id).await["result"]["status"],
        "success"
    );
    working.stop().await;
}

#[tokio::test]
async fn a_result_for_an_unknown_session_is_kept_until_the_worker_is_known_again() {
    let fake = fake::start().await;
    let unknown = json!({"error": "who?", "code": "UNKNOWN_SESSION"});
    fake.fail_results([Fault::Status(404, unknown)]);
    let working = fake::run(fake::worker(&fake).task("echo", echo));
    let task_id = fake.push("echo", json!({}));
    fake.result_of(&task_id).await;
    assert_eq!(fake.log(|log| log.registrations.len()), 2);
    working.stop().await;
}

#[tokio::test]
async fn results_are_sent_until_they_arrive() {
    let fake = fake::start().await;
    fake.fail_results([
        Fault::Status(500, json!({"error": "oh no"})),
        Fault::HangUp,
        Fault::HangUp,
        Fault::Status(429, json!({})),
        Fault::Status(503, json!({})),
    ]);
    let working = fake::run(fake::worker(&fake).task("echo", echo));
    let task_id = fake.push("echo", json!({"n": 1}));
    let result = fake.result_of(&task_id).await;
    assert_eq!(result["result"]["data"]["n"], 1);
    assert_eq!(result["lease"], "0000000000000001");
    working.stop().await;
    assert_eq!(fake.log(|log| log.results.len()), 1);
}

#[tokio::test]
async fn refused_results_are_dropped() {
    let fake = fake::start().await;
    fake.fail_results([Fault::Status(404, json!({"error": "Job not found"}))]);
    let working = fake::run(
        fake::worker(&fake)
            .max_concurrent_tasks(1)
            .task("echo", echo),
    );
    fake.push("echo", json!({"n": 1}));
    let second = fake.push("echo", json!({"n": 2}));
    fake.result_of(&second).await;
    working.stop().await;
    assert_eq!(fake.log(|log| log.results.len()), 1);
    assert_eq!(fake.log(|log| log.registrations.len()), 1);
}

#[tokio::test]
async fn a_result_too_large_for_the_server_becomes_a_failure() {
    let fake = fake::start().await;
    fake.fail_results([Fault::Status(413, json!({"error": "at most 1 MiB"}))]);
    let working = fake::run(fake::worker(&fake).task("echo", echo));
    let task_id = fake.push("echo", json!({}));
    let error = fake.result_of(&task_id).await["result"]["error"].clone();
    assert_eq!(error["code"], "PERMANENT_ERROR");
    assert!(
        error["message"].as_str().unwrap().contains("at most 1 MiB"),
        "{error}"
    );
    working.stop().await;
}

#[tokio::test]
async fn a_slow_result_holds_up_nobody_else() {
    let fake = fake::start().await;
    fake.fail_results([Fault::Slow(Duration::from_secs(2))]);
    let working = fake::run(
        fake::worker(&fake)
            .max_concurrent_tasks(2)
            .task("echo", echo),
    );
    let slow = fake.push("echo", json!({"n": 0}));
    fake.until("the slow one is on its way", |log| {
        log.paths.iter().any(|path| path.starts_with("result"))
    })
    .await;
    let others: Vec<_> = (0..20)
        .map(|n| fake.push("echo", json!({"n": n})))
        .collect();
    for task_id in &others {
        fake.result_of(task_id).await;
    }
    assert!(!fake.log(|log| {
        log.results
            .iter()
            .any(|result| result["task_id"] == slow.as_str())
    }));
    fake.result_of(&slow).await;
    working.stop().await;
}

#[tokio::test]
async fn a_result_that_does_not_get_through_gives_its_slot_back() {
    let fake = fake::start().await;
    fake.fail_results([Fault::Status(500, json!({}))]);
    let working = fake::run(
        fake::worker(&fake)
            .max_concurrent_tasks(1)
            .task("echo", echo),
    );
    let [first, second] = [fake.push("echo", json!({})), fake.push("echo", json!({}))];
    fake.result_of(&first).await;
    fake.log(|log| {
        let order: Vec<_> = log
            .results
            .iter()
            .map(|result| result["task_id"].clone())
            .collect();
        assert_eq!(
            order,
            [second, first],
            "the second went on while the first waited"
        );
    });
    working.stop().await;
}

#[tokio::test]
async fn polls_go_on_after_errors_but_not_in_a_hurry() {
    let fake = fake::start().await;
    fake.fail_polls(vec![Fault::HangUp; 2]);
    fake.fail_polls(vec![Fault::Status(204, json!(null)); 4]);
    let started = std::time::Instant::now();
    let working = fake::run(fake::worker(&fake).task("echo", echo));
    let task_id = fake.push("echo", json!({}));
    fake.result_of(&task_id).await;
    assert!(
        started.elapsed() > Duration::from_millis(300),
        "{:?}",
        started.elapsed()
    );
    working.stop().await;
}

#[tokio::test]
async fn the_same_hand_out_twice_is_run_once() {
    static RUNS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let fake = fake::start_seed_era().await;
    let worker = fake::worker(&fake).task("once", |_| async {
        RUNS.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(300)).await;
    });
    let working = fake::run(worker);
    let task_id = fake.push("once", json!({}));
    fake.push_attempt(&task_id, 1, "once", json!({}));
    fake.result_of(&task_id).await;
    working.stop().await;
    assert_eq!(RUNS.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_seed_era_server_is_told_when_the_worker_is_full() {
    static GO: Notify = Notify::const_new();
    let fake = fake::start_seed_era().await;
    let worker = fake::worker(&fake)
        .max_concurrent_tasks(1)
        .task("wait", |_| async { GO.notified().await });
    let working = fake::run(worker);
    let task_id = fake.push("wait", json!({}));
    fake.until("it says busy", |log| {
        log.heartbeats
            .last()
            .is_some_and(|beat| beat["status"] == "busy" && beat["supported_tasks"] == json!([]))
    })
    .await;
    GO.notify_one();
    let result = fake.result_of(&task_id).await;
    assert!(result.get("lease").is_none());
    fake.until("it says idle", |log| {
        log.heartbeats.last().is_some_and(|beat| {
            beat["status"] == "idle" && beat["supported_tasks"] == json!(["wait"])
        })
    })
    .await;
    assert!(fake.log(|log| {
        log.heartbeats
            .iter()
            .all(|beat| beat.get("running").is_none())
    }));
    fake.forget();
    fake.push("wait", json!({}));
    working.stop().await;
}
