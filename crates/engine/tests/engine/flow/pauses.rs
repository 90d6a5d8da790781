//! Sleeping, and waiting for events from elsewhere.

use avtomatika_engine::blueprint::WaitEvent;
use avtomatika_engine::machine::Ignored;
use avtomatika_engine::service::EngineError;
use avtomatika_engine::{Action, Blueprint, EndAs};
use avtomatika_protocol::{JobId, JobStatus};
use serde_json::{Value, json};

use super::super::lab::{Lab, NOW_MS};
use super::{lab, lab_with, telling};

async fn signal(lab: &Lab, job: JobId, name: &str, payload: Value) -> Result<(), EngineError> {
    lab.engine
        .signal(&"c".into(), job, name, payload)
        .await
        .map(|_| ())
}

#[tokio::test]
async fn a_sleeper_wakes_at_its_time_and_not_before() {
    let lab = lab(vec![telling("b", &["woken"], |context| {
        Ok(Action::wait_until(context.now_ms + 60_000, "woken"))
    })]);
    let job = lab.submit().await;
    let stored = lab.stored(job).await;
    assert_eq!(
        (stored.status, stored.timer_at_ms),
        (JobStatus::Sleeping, Some(NOW_MS + 60_000))
    );
    assert_eq!(lab.pass(59_999).await, 0);
    assert_eq!(lab.pass(1).await, 1);
    assert_eq!(lab.told(job).await.unwrap()["in"], json!("woken"));
    lab.assert_over().await;
}

#[tokio::test]
async fn a_sleep_into_the_past_is_over_at_once() {
    let lab = lab(vec![telling("b", &["woken"], |_| {
        Ok(Action::wait_until(5, "woken"))
    })]);
    let job = lab.submit().await;
    assert_eq!(lab.pass(0).await, 1);
    assert_eq!(lab.told(job).await.unwrap()["in"], json!("woken"));
}

#[tokio::test]
async fn dozing_in_circles_is_stopped_by_the_loop_guard_and_sleeping_is_not() {
    for (nap_ms, stopped) in [(999, true), (1_000, false)] {
        let blueprint = Blueprint::builder("b")
            .start("start", move |context| {
                Ok(Action::wait_until(context.now_ms + nap_ms, "start"))
            })
            .end("done", EndAs::Completed)
            .build()
            .unwrap();
        let lab = lab_with(vec![blueprint], |settings| settings.transitions_max = 10);
        let job = lab.submit().await;
        for _ in 0..30 {
            lab.pass(nap_ms).await;
        }
        assert_eq!(
            lab.stored(job).await.status.is_terminal(),
            stopped,
            "{nap_ms}"
        );
    }
}

fn waiting() -> Blueprint {
    telling("b", &["came", "late"], |_| {
        Ok(Action::wait_event(
            WaitEvent::new("paid", "came")
                .or_after(5_000, "late")
                .save_as("receipt"),
        ))
    })
}

#[tokio::test]
async fn an_awaited_event_brings_its_payload() {
    let lab = lab(vec![waiting()]);
    let job = lab.submit().await;
    assert_eq!(lab.stored(job).await.status, JobStatus::WaitingForEvent);
    signal(&lab, job, "shipped", json!(1)).await.unwrap();
    assert_eq!(
        lab.stored(job).await.status,
        JobStatus::WaitingForEvent,
        "another event"
    );
    signal(&lab, job, "paid", json!({"sum": 3})).await.unwrap();
    let told = lab.told(job).await.unwrap();
    assert_eq!(
        (&told["in"], &told["data"]),
        (&json!("came"), &json!({"receipt": {"sum": 3}}))
    );
    let late = signal(&lab, job, "paid", json!(2)).await;
    assert!(matches!(late, Err(EngineError::Ignored(Ignored::JobEnded))));
    let stranger = lab.engine.signal(&"d".into(), job, "paid", json!(1)).await;
    assert!(matches!(stranger, Err(EngineError::JobNotFound)));
    lab.assert_over().await;
}

#[tokio::test]
async fn an_event_that_does_not_come_in_time_is_not_waited_for() {
    let lab = lab(vec![waiting()]);
    let job = lab.submit().await;
    lab.pass(4_999).await;
    assert_eq!(lab.stored(job).await.status, JobStatus::WaitingForEvent);
    lab.pass(1).await;
    assert_eq!(lab.told(job).await.unwrap()["in"], json!("late"));
    lab.assert_over().await;
    let mut impatient = WaitEvent::new("paid", "done");
    impatient.timeout_ms = Some(5_000);
    let lab = super::lab(vec![telling("b", &[], move |_| {
        Ok(Action::wait_event(impatient.clone()))
    })]);
    let job = lab.submit().await;
    lab.pass(5_000).await;
    assert_eq!(lab.code(job).await.as_deref(), Some("EVENT_TIMEOUT"));
    lab.assert_over().await;
}

#[tokio::test]
async fn an_event_that_comes_first_is_kept_in_order() {
    let sleepy = Blueprint::builder("b")
        .start("start", |context| {
            Ok(Action::wait_until(context.now_ms + 60_000, "first"))
        })
        .state("first", |_| {
            Ok(Action::wait_event(
                WaitEvent::new("e", "second").save_as("one"),
            ))
        })
        .state("second", |_| {
            Ok(Action::wait_event(
                WaitEvent::new("e", "third").save_as("two"),
            ))
        })
        .state("third", |_| {
            Ok(Action::wait_event(
                WaitEvent::new("e", "done").save_as("three"),
            ))
        })
        .end("done", EndAs::Completed)
        .build()
        .unwrap();
    let lab = lab(vec![sleepy]);
    let job = lab.submit().await;
    for (name, payload) in [("e", 1), ("other", 2), ("e", 3)] {
        signal(&lab, job, name, json!(payload)).await.unwrap();
    }
    assert_eq!(lab.stored(job).await.mailbox.len(), 3);
    lab.pass(60_000).await;
    let stored = lab.stored(job).await;
    assert_eq!(
        (stored.status, stored.mailbox.len()),
        (JobStatus::WaitingForEvent, 1)
    );
    signal(&lab, job, "e", json!(4)).await.unwrap();
    let stored = lab.stored(job).await;
    assert_eq!(
        (stored.status, stored.mailbox.len()),
        (JobStatus::Completed, 0)
    );
    assert_eq!(
        Value::Object(stored.data.clone()),
        json!({"one": 1, "two": 3, "three": 4})
    );
    lab.assert_over().await;
}

#[tokio::test]
async fn a_mailbox_has_an_end_and_a_kept_event_is_help_from_outside() {
    let counting = Blueprint::builder("b")
        .start("start", |context| {
            Ok(Action::wait_until(context.now_ms + 60_000, "next"))
        })
        .state("next", |_| {
            Ok(Action::wait_event(
                WaitEvent::new("e", "count").or_after(5, "done"),
            ))
        })
        .state("count", |context| {
            let seen = context
                .data
                .get("seen")
                .and_then(Value::as_u64)
                .unwrap_or(0);
            Ok(Action::transition("next").set("seen", seen + 1))
        })
        .end("done", EndAs::Completed)
        .build()
        .unwrap();
    let lab = lab_with(vec![counting], |settings| settings.transitions_max = 20);
    let job = lab.submit().await;
    let mut kept = 0;
    let full = loop {
        match signal(&lab, job, "e", json!(kept)).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, EngineError::Ignored(Ignored::MailboxFull)));
    assert!(kept >= 16, "{kept}");
    lab.pass(60_000).await;
    lab.pass(10).await;
    let stored = lab.stored(job).await;
    assert_eq!(
        (stored.status, &stored.data["seen"]),
        (JobStatus::Completed, &json!(kept)),
        "{:?}",
        stored.failure
    );
}
