//! Cancellation, lost leases and going down in order.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod fake;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use avtomatika_worker::{TaskContext, transient};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// Runs until it is told to stop.
async fn patient(ctx: TaskContext) -> Result<Value, avtomatika_worker::Failure> {
    ctx.cancelled().cancelled().await;
    Err(transient("was told to stop"))
}

/// Never listens.
async fn stubborn(_: TaskContext) {
    std::future::pending::<()>().await;
}

fn runs(beat: &Value, task_id: &str) -> bool {
    beat["running"]
        .as_array()
        .is_some_and(|all| all.iter().any(|one| one["task_id"] == task_id))
}

#[tokio::test]
async fn heartbeats_name_what_runs_and_under_which_lease() {
    let fake = fake::start_with_lease_ms(300).await;
    let working = fake::run(fake::worker(&fake).task("patient", patient));
    let task_id = fake.push("patient", json!({}));
    fake.until("it is named", |log| {
        log.heartbeats.iter().any(|beat| runs(beat, &task_id))
    })
    .await;
    let beat = fake.log(|log| log.heartbeats.last().unwrap().clone());
    assert_eq!(beat["running"][0]["lease"], "0000000000000001");
    assert_eq!(beat["status"], "idle");
    assert_eq!(beat["supported_tasks"], json!(["patient"]));
    fake.answer_next_heartbeat(json!({"cancel_task_ids": [task_id]}));
    fake.result_of(&task_id).await;
    fake.until("it is no longer named", |log| {
        log.heartbeats
            .last()
            .is_some_and(|beat| beat["running"] == json!([]))
    })
    .await;
    working.stop().await;
}

#[tokio::test]
async fn a_cancelled_task_is_stopped_and_reported_as_cancelled() {
    let fake = fake::start_with_lease_ms(300).await;
    let worker = fake::worker(&fake)
        .cancel_grace(Duration::from_millis(50))
        .task("patient", patient)
        .task("stubborn", stubborn);
    let working = fake::run(worker);
    for task_type in ["patient", "stubborn"] {
        let task_id = fake.push(task_type, json!({}));
        fake.until("it runs", |log| {
            log.heartbeats.iter().any(|beat| runs(beat, &task_id))
        })
        .await;
        fake.answer_next_heartbeat(json!({"cancel_task_ids": [task_id]}));
        let result = fake.result_of(&task_id).await;
        assert_eq!(
            result["result"],
            json!({"status": "cancelled"}),
            "{task_type}"
        );
    }
    working.stop().await;
}

#[tokio::test]
async fn a_task_whose_lease_is_lost_is_stopped_and_not_reported() {
    static STOPPED: AtomicBool = AtomicBool::new(false);
    let fake = fake::start_with_lease_ms(300).await;
    let worker = fake::worker(&fake).task("patient", |ctx: TaskContext| async move {
        ctx.cancelled().cancelled().await;
        STOPPED.store(true, Ordering::SeqCst);
    });
    let working = fake::run(worker);
    let task_id = fake.push("patient", json!({}));
    fake.until("it runs", |log| {
        log.heartbeats.iter().any(|beat| runs(beat, &task_id))
    })
    .await;
    fake.answer_next_heartbeat(json!({"lost_task_ids": [task_id]}));
    fake.until("it is no longer named", |log| {
        log.heartbeats
            .last()
            .is_some_and(|beat| !runs(beat, &task_id))
    })
    .await;
    assert!(STOPPED.load(Ordering::SeqCst));
    working.stop().await;
    assert!(fake.log(|log| log.results.is_empty()));
}

#[tokio::test]
async fn a_result_whose_lease_is_lost_is_not_sent_again() {
    let fake = fake::start_with_lease_ms(300).await;
    fake.fail_results(vec![fake::Fault::Status(500, json!({})); 1000]);
    let working = fake::run(fake::worker(&fake).task("quick", |_| async {}));
    let task_id = fake.push("quick", json!({}));
    // It stays named while its result is on the way.
    fake.until("it is named", |log| {
        log.heartbeats.iter().any(|beat| runs(beat, &task_id))
    })
    .await;
    fake.answer_next_heartbeat(json!({"lost_task_ids": [task_id]}));
    fake.until("it is no longer named", |log| {
        log.heartbeats
            .last()
            .is_some_and(|beat| !runs(beat, &task_id))
    })
    .await;
    working.stop().await;
}

#[tokio::test]
async fn a_later_attempt_waits_until_the_earlier_one_has_ended() {
    static AT_WORK: AtomicBool = AtomicBool::new(false);
    let fake = fake::start().await;
    let worker = fake::worker(&fake).task("alone", |ctx: TaskContext| async move {
        assert!(
            !AT_WORK.swap(true, Ordering::SeqCst),
            "two attempts at once"
        );
        if ctx.attempt() == 1 {
            ctx.cancelled().cancelled().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        AT_WORK.store(false, Ordering::SeqCst);
        json!({"attempt": ctx.attempt()})
    });
    let working = fake::run(worker);
    let task_id = fake.push("alone", json!({}));
    while !AT_WORK.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    // Its lease ran out unnoticed, and the same worker is handed the next attempt.
    fake.push_attempt(&task_id, 2, "alone", json!({}));
    let result = fake.result_of(&task_id).await;
    assert_eq!(
        result["result"],
        json!({"status": "success", "data": {"attempt": 2}})
    );
    working.stop().await;
    assert_eq!(fake.log(|log| log.results.len()), 1);
}

#[tokio::test]
async fn draining_lets_running_tasks_finish_and_takes_no_more() {
    let go = Arc::new(Notify::new());
    let inside = Arc::clone(&go);
    let fake = fake::start_with_lease_ms(300).await;
    let worker = fake::worker(&fake).task("wait", move |_| {
        let go = Arc::clone(&inside);
        async move { go.notified().await }
    });
    let working = fake::run(worker);
    let task_id = fake.push("wait", json!({}));
    fake.until("it runs", |log| {
        log.heartbeats.iter().any(|beat| runs(beat, &task_id))
    })
    .await;
    working.shutdown.cancel();
    fake.until("it says so", |log| {
        log.heartbeats.last().is_some_and(|beat| {
            beat["status"] == "draining"
                && beat["supported_tasks"] == json!([])
                && runs(beat, &task_id)
        })
    })
    .await;
    fake.push("wait", json!({}));
    let beats = fake.log(|log| log.heartbeats.len());
    fake.until("leases are kept", |log| log.heartbeats.len() > beats + 2)
        .await;
    go.notify_one();
    working.ended().await.unwrap();

    let result = fake.result_of(&task_id).await;
    assert_eq!(result["result"]["status"], "success");
    assert!(result.get("want_next").is_none());
    assert_eq!(fake.queued(), 1, "the second task was left to others");
    fake.log(|log| {
        let last = log.heartbeats.last().unwrap();
        assert_eq!(last["status"], "offline");
        assert_eq!(last["running"], json!([]));
        assert_eq!(log.polls_parked, 0);
    });
}

#[tokio::test]
async fn a_task_that_comes_with_the_answer_to_the_last_result_is_left_to_others() {
    let fake = fake::start().await;
    fake.fail_results([fake::Fault::Slow(Duration::from_millis(300))]);
    let worker = fake::worker(&fake)
        .max_concurrent_tasks(1)
        .task("quick", |_| async {});
    let working = fake::run(worker);
    let tasks = [fake.push("quick", json!({})), fake.push("quick", json!({}))];
    fake.until("the first result is on its way", |log| {
        log.paths.iter().any(|path| path.starts_with("result"))
    })
    .await;
    working.stop().await;
    assert_eq!(fake.queued(), 0, "it was handed out");
    fake.log(|log| {
        assert_eq!(log.results.len(), 1);
        assert_eq!(log.results[0]["task_id"], tasks[0]);
        assert_eq!(log.heartbeats.last().unwrap()["running"], json!([]));
    });
}

#[tokio::test]
async fn tasks_that_outlast_the_drain_go_elsewhere() {
    let fake = fake::start().await;
    let worker = fake::worker(&fake)
        .drain_timeout(Duration::from_millis(200))
        .cancel_grace(Duration::from_millis(100))
        .task("stubborn", stubborn)
        .task("patient", patient)
        .task("yielding", |ctx: TaskContext| async move {
            ctx.cancelled().cancelled().await;
            json!({"done": "after all"})
        });
    let working = fake::run(worker);
    let tasks: Vec<_> = ["stubborn", "patient", "yielding"]
        .map(|task_type| fake.push(task_type, json!({})))
        .into();
    while fake.queued() > 0 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let started = Instant::now();
    working.stop().await;
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    for task_id in &tasks[..2] {
        let result = fake.result_of(task_id).await;
        assert_eq!(result["result"]["error"]["code"], "TRANSIENT_ERROR");
    }
    assert_eq!(
        fake.result_of(&tasks[2]).await["result"]["data"]["done"],
        "after all"
    );
}

#[tokio::test]
async fn a_server_that_is_gone_does_not_keep_the_worker_from_going_down() {
    let fake = fake::start().await;
    fake.fail_results(vec![fake::Fault::Status(500, json!({})); 1000]);
    let worker = fake::worker(&fake)
        .drain_timeout(Duration::from_millis(200))
        .task("quick", |_| async {});
    let working = fake::run(worker);
    fake.push("quick", json!({}));
    fake.until("it tries", |log| {
        log.paths.iter().any(|path| path.starts_with("result"))
    })
    .await;
    let started = Instant::now();
    working.stop().await;
    assert!(
        started.elapsed() < Duration::from_secs(6),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_worker_that_never_registered_stops_at_once() {
    let fake = fake::start().await;
    fake.fail_registrations(vec![fake::Fault::HangUp; 1000]);
    let working = fake::run(fake::worker(&fake).task("patient", patient));
    fake.until("it tries", |log| log.registrations.len() > 1)
        .await;
    let started = Instant::now();
    working.stop().await;
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn dropping_the_worker_ends_its_handlers() {
    struct Flag(Arc<Notify>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let dropped = Arc::new(Notify::new());
    let inside = Arc::clone(&dropped);
    let fake = fake::start().await;
    let worker = fake::worker(&fake).task("stubborn", move |_| {
        let flag = Flag(Arc::clone(&inside));
        async move {
            let _flag = flag;
            std::future::pending::<()>().await;
        }
    });
    let running = worker
        .build()
        .unwrap()
        .run(tokio_util::sync::CancellationToken::new());
    fake.push("stubborn", json!({}));
    tokio::time::timeout(Duration::from_millis(500), running)
        .await
        .unwrap_err();
    tokio::time::timeout(fake::SOON, dropped.notified())
        .await
        .unwrap();
}
