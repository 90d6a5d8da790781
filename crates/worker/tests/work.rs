//! Ordinary work: register, poll, run, report.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod fake;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use avtomatika_worker::{Failure, Outcome, TaskContext};
use serde_json::{Value, json};

async fn echo(ctx: TaskContext) -> Result<Value, Failure> {
    ctx.params()
}

#[tokio::test]
async fn registers_with_all_it_was_told() {
    let fake = fake::start().await;
    let worker = fake::worker(&fake)
        .worker_type("tester")
        .max_concurrent_tasks(4)
        .type_limit("echo", 9)
        .describe("resources", json!({"cpu_cores": 2}))
        .describe("worker_id", "somebody else")
        .task("echo", echo)
        .task("other", echo);
    let working = fake::run(worker);
    fake.until("it is registered", |log| !log.registrations.is_empty())
        .await;
    let told = fake.log(|log| log.registrations[0].clone());
    assert_eq!(
        told,
        json!({
            "worker_id": "w 1", "worker_type": "tester", "supported_tasks": ["echo", "other"],
            "max_concurrent_tasks": 4, "task_type_limits": {"echo": 4},
            "resources": {"cpu_cores": 2},
        })
    );
    working.stop().await;
}

#[tokio::test]
async fn runs_a_task_and_reports_it_under_its_lease() {
    let fake = fake::start().await;
    let working = fake::run(fake::worker(&fake).task("echo", echo));
    let task_id = fake.push("echo", json!({"a": [1, 2]}));
    let result = fake.result_of(&task_id).await;
    assert_eq!(
        result["result"],
        json!({"status": "success", "data": {"a": [1, 2]}})
    );
    assert_eq!(result["worker_id"], "w 1");
    assert_eq!(result["lease"], "0000000000000001");
    assert_eq!(result["want_next"], true);
    let poll = fake.log(|log| log.polls[0].clone());
    assert_eq!(poll["timeout"], "5");
    assert_eq!(poll["free"], "10");
    assert!(!poll.contains_key("types"));
    working.stop().await;
}

#[tokio::test]
async fn the_answer_to_a_result_carries_the_next_task() {
    let fake = fake::start().await;
    let tasks: Vec<_> = (0..50)
        .map(|n| fake.push("echo", json!({"n": n})))
        .collect();
    let working = fake::run(
        fake::worker(&fake)
            .max_concurrent_tasks(1)
            .task("echo", echo),
    );
    for (n, task_id) in tasks.iter().enumerate() {
        assert_eq!(fake.result_of(task_id).await["result"]["data"]["n"], n);
    }
    // One poll for the first of them, one more once there was nothing left.
    assert!(fake.log(|log| log.polls.len()) <= 2);
    working.stop().await;
}

#[tokio::test]
async fn runs_many_at_once_but_never_more_than_its_slots() {
    let fake = fake::start().await;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now_inside, most_inside) = (Arc::clone(&now), Arc::clone(&most));
    let work = move |_: TaskContext| {
        let (now, most) = (Arc::clone(&now_inside), Arc::clone(&most_inside));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            now.fetch_sub(1, Ordering::SeqCst);
        }
    };
    let worker = fake::worker(&fake)
        .max_concurrent_tasks(3)
        .task("work", work);
    let working = fake::run(worker);
    for _ in 0..12 {
        fake.push("work", json!({}));
    }
    fake.until("all are done", |log| log.results.len() == 12)
        .await;
    assert_eq!(most.load(Ordering::SeqCst), 3);
    working.stop().await;
}

#[tokio::test]
async fn keeps_to_the_limit_of_a_type_and_tells_the_server_which_are_free() {
    let fake = fake::start().await;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now_inside, most_inside) = (Arc::clone(&now), Arc::clone(&most));
    let heavy = move |_: TaskContext| {
        let (now, most) = (Arc::clone(&now_inside), Arc::clone(&most_inside));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(100)).await;
            now.fetch_sub(1, Ordering::SeqCst);
        }
    };
    let worker = fake::worker(&fake)
        .poll_timeout(Duration::from_secs(60))
        .type_limit("heavy", 1)
        .task("heavy", heavy)
        .task("echo", echo);
    let working = fake::run(worker);
    for _ in 0..3 {
        fake.push("heavy", json!({}));
    }
    fake.until("the type is full", |log| {
        log.polls.iter().any(|p| p.contains_key("types"))
    })
    .await;
    // The light one overtakes the heavy ones that may not run yet.
    let light = fake.push("echo", json!({}));
    fake.result_of(&light).await;
    assert!(fake.log(|log| log.results.len()) < 3);
    fake.until("all are done", |log| log.results.len() == 4)
        .await;
    // Well before the poll that left the type out would have ended by itself.
    let late = fake.push("heavy", json!({}));
    tokio::time::timeout(Duration::from_secs(3), fake.result_of(&late))
        .await
        .unwrap();
    assert_eq!(most.load(Ordering::SeqCst), 1);
    let types = fake.log(|log| log.polls.iter().find_map(|poll| poll.get("types").cloned()));
    assert_eq!(types.unwrap(), "echo");
    working.stop().await;
}

#[tokio::test]
async fn failures_keep_their_codes() {
    let fake = fake::start().await;
    let worker = fake::worker(&fake)
        .task("quota", |_| async {
            Err::<Value, _>(Failure::new("QUOTA_EXCEEDED", "3 of 3"))
        })
        .task("own", |_| async {
            Outcome {
                status: Some("needs_review".to_owned()),
                ..Outcome::default()
            }
        })
        .task("typed", |ctx: TaskContext| async move {
            #[derive(serde::Deserialize)]
            struct Bot {
                #[expect(dead_code, reason = "only its type matters")]
                name: String,
            }
            #[derive(serde::Deserialize)]
            struct Params {
                #[expect(dead_code, reason = "only its type matters")]
                bots: Vec<Bot>,
            }
            ctx.params::<Params>().map(|_| json!({}))
        });
    let working = fake::run(worker);

    let quota = fake.push("quota", json!({}));
    let error = fake.result_of(&quota).await["result"]["error"].clone();
    assert_eq!(
        error,
        json!({"code": "QUOTA_EXCEEDED", "message": "3 of 3"})
    );

    let own = fake.push("own", json!({}));
    assert_eq!(
        fake.result_of(&own).await["result"],
        json!({"status": "needs_review"})
    );

    let typed = fake.push("typed", json!({"bots": [{"name": "a"}, {"name": 7}]}));
    let error = fake.result_of(&typed).await["result"]["error"].clone();
    assert_eq!(error["code"], "INVALID_INPUT_ERROR");
    assert_eq!(error["path"], "bots[1].name");

    let unknown = fake.push("unheard_of", json!({}));
    let error = fake.result_of(&unknown).await["result"]["error"].clone();
    assert_eq!(error["code"], "PERMANENT_ERROR");
    working.stop().await;
}

#[tokio::test]
async fn a_panic_is_a_failure_like_any_other() {
    let fake = fake::start().await;
    let worker = fake::worker(&fake)
        .max_concurrent_tasks(1)
        .task("echo", echo)
        .task("late", |_| async {
            tokio::task::yield_now().await;
            assert!(std::env::args().count() == usize::MAX, "on purpose");
        })
        .task("early", |_| -> std::future::Ready<()> { panic!("at once") });
    let working = fake::run(worker);
    for (task_type, words) in [("late", "on purpose"), ("early", "at once")] {
        let task_id = fake.push(task_type, json!({}));
        let error = fake.result_of(&task_id).await["result"]["error"].clone();
        assert_eq!(error["code"], "TRANSIENT_ERROR");
        assert!(
            error["message"].as_str().unwrap().contains(words),
            "{error}"
        );
    }
    let task_id = fake.push("echo", json!({}));
    assert_eq!(
        fake.result_of(&task_id).await["result"]["status"],
        "success"
    );
    working.stop().await;
}

#[tokio::test]
async fn progress_arrives_in_order_and_before_the_result() {
    let fake = fake::start().await;
    let worker = fake::worker(&fake).task("build", |ctx: TaskContext| async move {
        ctx.progress("fetch", "looking", None);
        for percent in 0..500 {
            ctx.progress("build", "compiling", Some(f64::from(percent) / 500.0));
        }
        ctx.progress("start", "starting", Some(7.0));
    });
    let working = fake::run(worker);
    let task_id = fake.push("build", json!({}));
    fake.until("the result is there", |log| !log.results.is_empty())
        .await;
    let events = fake.log(|log| log.events.clone());
    let mut phases: Vec<_> = events
        .iter()
        .map(|event| event["payload"]["phase"].clone())
        .collect();
    phases.dedup();
    assert_eq!(phases, ["fetch", "build", "start"]);
    assert!(
        events.len() < 100,
        "500 steps of one phase were merged, not sent one by one"
    );
    let last = events.last().unwrap();
    assert_eq!(last["event_type"], "progress");
    assert_eq!(last["target_task_id"], task_id);
    assert_eq!(last["payload"]["progress"], 1.0);
    working.stop().await;
}

#[tokio::test]
async fn works_for_several_servers_with_one_set_of_slots() {
    let (one, two) = (fake::start().await, fake::start().await);
    let worker = fake::worker(&one)
        .server(&two.url)
        .max_concurrent_tasks(1)
        .task("echo", echo);
    let working = fake::run(worker);
    for round in 0..3 {
        let (a, b) = (
            one.push("echo", json!({"n": round})),
            two.push("echo", json!({"n": round})),
        );
        one.result_of(&a).await;
        two.result_of(&b).await;
    }
    working.stop().await;
}

#[tokio::test]
async fn an_observer_learns_what_the_server_has_taken() {
    let fake = fake::start().await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let worker = fake::worker(&fake)
        .task("echo", echo)
        .on_delivered(move |delivered| {
            let _closed = told.send((delivered.task_id.to_string(), delivered.ignored.is_some()));
        });
    let working = fake::run(worker);
    let task_id = fake.push("echo", json!({}));
    assert_eq!(heard.recv().await.unwrap(), (task_id.clone(), false));
    fake.result_of(&task_id).await;
    working.stop().await;
}

/// Runs so many tasks, batched; answers the requests that took.
async fn batched(fake: &fake::Listening, tasks: usize) -> Vec<String> {
    let ids: Vec<_> = (0..tasks)
        .map(|n| fake.push("echo", json!({"n": n})))
        .collect();
    let working = fake::run(
        fake::worker(fake)
            .max_concurrent_tasks(20)
            .batch(8)
            .task("echo", echo),
    );
    for (n, id) in ids.iter().enumerate() {
        assert_eq!(fake.result_of(id).await["result"]["data"]["n"], n);
    }
    let paths = fake.log(|log| log.paths.clone());
    working.stop().await;
    paths
}

#[tokio::test]
async fn many_tasks_and_results_share_requests() {
    let fake = fake::start().await;
    let paths = batched(&fake, 100).await;
    let most = paths
        .iter()
        .filter_map(|path| path.strip_prefix("results "));
    let most = most.filter_map(|count| count.parse::<usize>().ok()).max();
    assert_eq!(most, Some(8), "{paths:?}");
    assert!(paths.len() < 80, "{} requests: {paths:?}", paths.len());
    assert_eq!(fake.log(|log| log.polls[0]["max"].clone()), "8");
    assert_eq!(fake.log(|log| log.results.len()), 100, "each once");
}

#[tokio::test]
async fn a_server_without_batches_gets_one_after_the_other() {
    let fake = fake::start_without_batches().await;
    batched(&fake, 30).await;
    assert_eq!(fake.log(|log| log.results.len()), 30, "each once");
}

#[tokio::test]
async fn a_batch_that_fails_is_sent_again() {
    let fake = fake::start().await;
    let busy = json!({"error": "busy"});
    fake.fail_results([
        fake::Fault::Status(503, busy),
        fake::Fault::HangUp,
        fake::Fault::Status(413, json!({"error": "too much"})),
    ]);
    batched(&fake, 40).await;
    assert_eq!(fake.log(|log| log.results.len()), 40, "each once");
}
