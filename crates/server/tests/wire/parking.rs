//! Parked polls: woken at once, and never the death of a task.

use std::sync::Arc;
use std::time::{Duration, Instant};

use avtomatika_store::embedded::{Embedded, EmbeddedOptions};
use reqwest::Method;
use serde_json::json;

use crate::harness::{self, STEPS, Wire, quick};
use crate::raw::Raw;

#[tokio::test]
async fn a_parked_poll_is_woken_by_a_submit() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let (task, waited) =
            tokio::join!(async { (wire.take("w").await, Instant::now()) }, async {
                wire.parked(1).await;
                let posted = Instant::now();
                wire.submit(json!({"params": {"a": [1, "x"]}})).await;
                posted
            });
        fastest = fastest.min(task.1.duration_since(waited));
        assert_eq!(task.0["type"], "echo");
        assert_eq!(task.0["params"], json!({"a": [1, "x"]}));
        assert_eq!(task.0["tracing_context"], json!({}));
    }
    assert!(fastest < Duration::from_millis(50), "{fastest:?}");
}

#[tokio::test]
async fn a_poll_ends_after_its_own_time_or_the_servers() {
    let mut settings = quick();
    settings.poll_timeout_ms = 300;
    let wire = Wire::with(settings).await;
    wire.register("w", &["echo"]).await;
    for (wait, low, high) in [
        ("0", 0, 150),
        ("100ms", 100, 280),
        ("0.1", 100, 280),
        ("30", 300, 600),
    ] {
        let begun = Instant::now();
        assert!(wire.poll("w", wait).await.is_none());
        let took = u64::try_from(begun.elapsed().as_millis()).unwrap();
        assert!((low..high).contains(&took), "{wait} took {took} ms");
    }
    // The seed era names no time.
    let begun = Instant::now();
    let poll = wire.worker(Method::GET, "/workers/w/tasks/next");
    assert_eq!(harness::answer(poll).await.status, 204);
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_closed_poll_leaves_the_lot_and_takes_no_task() {
    let wire = Wire::start().await;
    wire.register("gone", &["echo"]).await;
    wire.register("there", &["echo"]).await;
    for reset in [false, true] {
        let mut raw = Raw::connect(wire.addr).await;
        raw.poll("gone").await;
        wire.parked(1).await;
        if reset {
            raw.reset();
        } else {
            raw.close();
        }
        // hyper drops the handler's future when it reads the end of the stream.
        wire.parked(0).await;
        let id = wire.submit(json!({})).await;
        let begun = Instant::now();
        let task = wire.take("there").await;
        assert!(begun.elapsed() < Duration::from_millis(100));
        assert_eq!((&task["job_id"], &task["attempt"]), (&json!(id), &json!(1)));
        wire.report("there", &task, json!({})).await;
    }
}

#[tokio::test]
async fn a_poll_closed_in_the_very_moment_of_a_submit_takes_no_task() {
    let wire = Wire::start().await;
    wire.register("gone", &["echo"]).await;
    wire.register("there", &["echo"]).await;
    for round in 0..40 {
        let mut raw = Raw::connect(wire.addr).await;
        raw.poll("gone").await;
        wire.parked(1).await;
        let mut post = Raw::connect(wire.addr).await;
        // Both are on their way before the server can look at either.
        if round % 2 == 0 {
            raw.reset();
            post.post(STEPS, "{}").await;
        } else {
            post.post(STEPS, "{}").await;
            raw.reset();
        }
        assert_eq!(post.answer().await.status, 202);
        let begun = Instant::now();
        let task = wire.take("there").await;
        assert!(
            begun.elapsed() < Duration::from_millis(1_000),
            "{:?}",
            begun.elapsed()
        );
        wire.report("there", &task, json!({})).await;
    }
}

#[tokio::test]
async fn a_task_whose_answer_never_left_goes_back() {
    let wire = Wire::start().await;
    wire.register("gone", &["echo"]).await;
    wire.register("there", &["echo"]).await;
    for round in 0..40 {
        let id = wire.submit(json!({})).await;
        // A ready task is handed out in the same breath in which the poll is read.
        let mut raw = Raw::connect(wire.addr).await;
        raw.poll("gone").await;
        if round % 4 < 2 {
            // Now the server may have answered already.
            tokio::task::yield_now().await;
        }
        if round % 2 == 0 {
            raw.reset();
        } else {
            raw.close();
        }
        let begun = Instant::now();
        let task = wire.take("there").await;
        assert_eq!(task["job_id"], id.as_str());
        assert!(
            begun.elapsed() < Duration::from_millis(1_000),
            "{:?}",
            begun.elapsed()
        );
        wire.report("there", &task, json!({})).await;
    }
}

#[tokio::test]
async fn a_task_whose_answer_was_not_read_goes_back() {
    let wire = Wire::start().await;
    wire.register("gone", &["echo"]).await;
    wire.register("there", &["echo"]).await;
    let mut raw = Raw::connect(wire.addr).await;
    raw.poll("gone").await;
    wire.parked(1).await;
    let id = wire.submit(json!({})).await;
    wire.job_when(&id, |job| job["task_worker_id"] == "gone")
        .await;
    // Its answer lies unread in the worker's socket: closing answers the server with a reset.
    tokio::time::sleep(Duration::from_millis(50)).await;
    raw.close();
    let begun = Instant::now();
    let task = wire.take("there").await;
    assert_eq!(task["attempt"], 2);
    assert!(
        begun.elapsed() < Duration::from_millis(200),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_task_that_was_read_stays_with_a_worker_that_closes_in_good_order() {
    let wire = Wire::start().await;
    wire.register("brief", &["echo"]).await;
    wire.register("other", &["echo"]).await;
    let id = wire.submit(json!({})).await;
    let mut raw = Raw::connect(wire.addr).await;
    raw.poll("brief").await;
    let task = raw.answer().await;
    assert_eq!(task.status, 200);
    raw.close();
    assert!(wire.poll("other", "500ms").await.is_none());
    wire.report("brief", &task.json(), json!({})).await;
    assert_eq!(wire.job(&id).await["status"], "completed");
}

#[tokio::test]
async fn a_poll_of_a_worker_that_left_keeps_nobody_from_being_woken() {
    let wire = Wire::start().await;
    wire.register("leaving", &["echo"]).await;
    wire.register("there", &["echo"]).await;
    let mut leaving = Raw::connect(wire.addr).await;
    leaving.poll("leaving").await;
    wire.parked(1).await;
    let waiting = async {
        let begun = Instant::now();
        (wire.take("there").await, begun.elapsed())
    };
    let submitting = async {
        wire.parked(2).await;
        wire.beat("leaving", &json!({"status": "offline"})).await;
        wire.submit(json!({})).await;
        Instant::now()
    };
    let ((task, waited), _) = tokio::join!(waiting, submitting);
    assert_eq!(task["type"], "echo");
    assert!(waited < Duration::from_secs(1), "{waited:?}");
    assert_eq!(leaving.answer().await.status, 404);
}

#[tokio::test]
async fn a_task_tied_to_a_worker_finds_its_other_poll() {
    let wire = Wire::start().await;
    wire.register("tied", &["echo", "other"]).await;
    for _ in 0..10 {
        // Both lanes of the worker wait; the one that is woken first is gone.
        let mut gone = Raw::connect(wire.addr).await;
        gone.poll("tied").await;
        wire.parked(1).await;
        let mut there = Raw::connect(wire.addr).await;
        there.poll("tied").await;
        wire.parked(2).await;
        let mut post = Raw::connect(wire.addr).await;
        gone.reset();
        post.post(STEPS, r#"{"to":"tied"}"#).await;
        let begun = Instant::now();
        let task = there.answer().await;
        assert_eq!(task.status, 200);
        assert!(
            begun.elapsed() < Duration::from_millis(1_000),
            "{:?}",
            begun.elapsed()
        );
        wire.report("tied", &task.json(), json!({})).await;
    }
}

/// On the durable store a commit takes a moment, in which its client may go away.
#[tokio::test]
async fn a_client_that_leaves_during_its_submit_keeps_nobody_from_being_woken() {
    let dir = tempfile::tempdir().unwrap();
    let store = Embedded::open(EmbeddedOptions::new(dir.path()), 0).unwrap();
    let wire = Wire::on(Arc::new(store), quick()).await;
    wire.register("w", &["echo"]).await;
    for _ in 0..20 {
        let poll = wire.poll("w", "2s");
        let submit = async {
            wire.parked(1).await;
            let mut post = Raw::connect(wire.addr).await;
            post.post(STEPS, "{}").await;
            post.close();
        };
        let begun = Instant::now();
        let (task, ()) = tokio::join!(poll, submit);
        // Whether its job was still accepted is open, but it must not lie there unseen.
        let Some(task) = task else {
            assert!(wire.poll("w", "0").await.is_none(), "a task was there");
            continue;
        };
        assert!(
            begun.elapsed() < Duration::from_millis(1_500),
            "{:?}",
            begun.elapsed()
        );
        wire.report("w", &task, json!({})).await;
    }
}

#[tokio::test]
async fn asking_for_the_head_of_a_poll_takes_no_task() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let id = wire.submit(json!({})).await;
    let head = wire.worker(Method::HEAD, "/workers/w/tasks/next?timeout=0");
    let head = harness::answer(head).await;
    assert!(head.text.is_empty());
    assert_eq!(wire.take("w").await["job_id"], id.as_str());
}
