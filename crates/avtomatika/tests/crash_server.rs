//! The server is killed with a thousand jobs in flight and started again on the same data: every
//! job that got its 202 ends, and ends once, and its history tells that once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

#[path = "crash_server/hands.rs"]
mod hands;
#[path = "crash_server/past.rs"]
mod past;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hands::{Hands, Ledger};
use serde_json::json;
use support::api::Api;
use support::stack::{Setup, Stack};
use tokio::task::JoinSet;

/// Jobs accepted before each kill.
const JOBS: usize = 1_000;
/// Requests that submit at once.
const SUBMITTERS: usize = 16;

/// Submits jobs until told to stop or refused by a dead server; the ids of those with a 202.
async fn submit(
    api: Api,
    next: Arc<AtomicUsize>,
    most: usize,
    go_on: Arc<AtomicBool>,
) -> Vec<String> {
    let mut accepted = Vec::new();
    while go_on.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= most {
            break;
        }
        let body = json!({"message": format!("job {number}"), "multiply": 1});
        match api.try_post("/api/v1/jobs/test", &body).await {
            Ok((202, answer)) => accepted.push(answer["job_id"].as_str().unwrap().to_owned()),
            Ok((status, answer)) => panic!("{status}: {answer}"),
            // Killed before it could answer: nobody was promised anything.
            Err(_) => break,
        }
    }
    accepted
}

/// Submits that many jobs over several connections.
async fn crowd(api: &Api, most: usize, go_on: &Arc<AtomicBool>) -> JoinSet<Vec<String>> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut crowd = JoinSet::new();
    for _ in 0..SUBMITTERS {
        crowd.spawn(submit(
            api.clone(),
            Arc::clone(&next),
            most,
            Arc::clone(go_on),
        ));
    }
    crowd
}

/// One kill, a random time after work has begun.
async fn round(stack: &mut Stack, ledger: &Arc<Ledger>, round: usize) -> Vec<String> {
    let go_on = Arc::new(AtomicBool::new(true));
    let mut accepted: Vec<String> = crowd(&stack.api, JOBS, &go_on)
        .await
        .join_all()
        .await
        .concat();
    assert_eq!(accepted.len(), JOBS);
    let before = ledger.accepted();
    let hands = Hands::start(&stack.api.url, ledger);
    let more = crowd(&stack.api, usize::MAX, &go_on).await;
    let pause_ms = rand::random_range(1..400);
    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
    stack.kill_nine().await;
    let done = ledger.accepted() - before;
    go_on.store(false, Ordering::Relaxed);
    let late = more.join_all().await.concat();
    accepted.extend(late);
    assert!(done < accepted.len(), "nothing was in flight any more");
    let down = Instant::now();
    stack.start_again().await;
    let up_ms = down.elapsed().as_millis();
    let began = Instant::now();
    for job in &accepted {
        let view = stack.api.end(job, 60).await;
        assert_eq!(view["status"], "completed", "{view}");
        assert_eq!(view["current_state"], "completed", "{view}");
        let lease = view["state_history"]["lease"].as_str().unwrap();
        ledger.check(job, lease).await;
    }
    hands.stop().await;
    println!(
        "round {round}: killed after {pause_ms} ms with {done} of {} done; up again in {up_ms} ms, \
         all ended {} ms later; {}",
        accepted.len(),
        began.elapsed().as_millis(),
        ledger.totals()
    );
    accepted
}

async fn rounds(count: usize) {
    let setup = Setup::default()
        .argument(&["--no-bot-runner"])
        .env("LEASE_SECONDS", "3")
        .env("LOG_LEVEL", "warn");
    let mut stack = Stack::start(setup).await;
    let ledger = Arc::new(Ledger::default());
    let mut accepted = Vec::new();
    for number in 1..=count {
        accepted.extend(round(&mut stack, &ledger, number).await);
    }
    ledger.check_all();
    stack.stop().await;
    past::check(&stack.data().join("history.db"), &accepted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_ends_once_after_kill_nine() {
    rounds(3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "soak: twenty kills take minutes"]
async fn what_was_accepted_ends_once_after_twenty_kills() {
    rounds(20).await;
}
