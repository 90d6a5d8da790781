//! Writing: idempotent, newest version wins, whatever the texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use avtomatika_engine::history::{EventKind, HistoryEvent};
use avtomatika_history::{History, Totals};
use avtomatika_protocol::{Failure, JobStatus, TaskId, WorkerId};
use serde_json::json;
use uuid::Uuid;

use crate::db::{Db, event, id, on_both};

on_both! {
    a_job_is_what_its_newest_event_says
    the_same_events_again_change_nothing
    older_versions_change_only_what_they_alone_know
    a_failure_stays_until_the_job_completes
    every_field_is_read_back
    texts_no_database_takes_are_mended
    a_batch_of_any_size_is_written_whole
    a_released_job_has_not_ended
    what_was_written_is_there_after_reopening
    workers_are_counted_once_however_often_events_come
}

/// A short life: created, a task, done.
fn life(n: u64) -> Vec<HistoryEvent> {
    let job = id(1_000 + n, n);
    let task = |version, kind| HistoryEvent {
        task_id: Some(TaskId(Uuid::from_u128(u128::from(n)))),
        task_type: Some(Arc::from("echo_task")),
        worker: Some(WorkerId::from("w1")),
        attempt: Some(1),
        status: JobStatus::WaitingForWorker,
        ..event(job, 1_000 + n, version, kind)
    };
    vec![
        HistoryEvent {
            labels: Some(BTreeMap::from([("env".to_owned(), "prod".to_owned())])),
            status: JobStatus::Pending,
            ..event(job, 1_000 + n, 1, EventKind::JobCreated)
        },
        task(2, EventKind::TaskDispatched),
        HistoryEvent {
            status: JobStatus::Completed,
            ..task(3, EventKind::TaskFinished)
        },
        HistoryEvent {
            n: 1,
            state: "done".to_owned(),
            previous_state: Some("start".to_owned()),
            status: JobStatus::Completed,
            ..event(job, 1_000 + n, 3, EventKind::JobCompleted)
        },
    ]
}

async fn a_job_is_what_its_newest_event_says(db: Db) {
    let events = life(1);
    let job = events[0].job_id;
    assert_eq!(db.history.job(job).await.unwrap(), None);
    db.write(&events[..1]).await;
    let (client, summary) = db.history.job(job).await.unwrap().unwrap();
    assert_eq!(client.as_str(), "alice");
    assert_eq!(summary.status, JobStatus::Pending);
    assert_eq!(summary.labels["env"], "prod");
    assert_eq!(summary.ended_at_ms, None);
    db.write(&events[1..]).await;
    let (_, summary) = db.history.job(job).await.unwrap().unwrap();
    assert_eq!(summary.status, JobStatus::Completed);
    assert_eq!(summary.current_state, "done");
    assert_eq!(summary.created_at_ms, 1_001);
    assert_eq!(summary.updated_at_ms, 1_004);
    assert_eq!(summary.ended_at_ms, Some(1_004));
    assert_eq!(summary.labels["env"], "prod");
}

async fn all(history: &History, events: &[HistoryEvent]) -> Vec<serde_json::Value> {
    let mut seen = Vec::new();
    let mut jobs: Vec<_> = events.iter().map(|event| event.job_id).collect();
    jobs.sort();
    jobs.dedup();
    for job in jobs {
        let (_, summary) = history.job(job).await.unwrap().unwrap();
        seen.push(json!(summary));
        seen.push(json!(
            history.events(job, None, 1_000).await.unwrap().events
        ));
    }
    seen
}

async fn the_same_events_again_change_nothing(db: Db) {
    let events: Vec<_> = (0..50).flat_map(life).collect();
    db.write(&events).await;
    let before = all(&db.history, &events).await;
    db.write(&events).await;
    db.write(&events[..77]).await;
    // Old ones and new ones in one batch, twice in it, and out of order.
    let mut mixed: Vec<_> = (40..60).flat_map(life).collect();
    mixed.extend((45..50).flat_map(life));
    mixed.reverse();
    db.write(&mixed).await;
    assert_eq!(all(&db.history, &events).await, before);
    let rest: Vec<_> = (50..60).flat_map(life).collect();
    assert_eq!(all(&db.history, &rest).await.len(), 20);
    for event in &rest {
        let events = db.history.events(event.job_id, None, 100).await.unwrap();
        assert_eq!(events.events.len(), 4);
    }
}

async fn older_versions_change_only_what_they_alone_know(db: Db) {
    let events = life(1);
    db.write(&events[2..]).await;
    db.write(&events[..2]).await;
    let (_, summary) = db.history.job(events[0].job_id).await.unwrap().unwrap();
    assert_eq!(summary.status, JobStatus::Completed);
    assert_eq!(summary.updated_at_ms, 1_004);
    assert_eq!(summary.labels["env"], "prod");
    let events = db
        .history
        .events(events[0].job_id, None, 100)
        .await
        .unwrap();
    let kinds: Vec<_> = events
        .events
        .iter()
        .map(|it| it.event_type.as_str())
        .collect();
    let wanted = [
        "job_created",
        "task_dispatched",
        "task_finished",
        "job_completed",
    ];
    assert_eq!(kinds, wanted);
}

async fn a_failure_stays_until_the_job_completes(db: Db) {
    let job = id(1_000, 1);
    let failed = |version, failure: Option<Failure>, status| HistoryEvent {
        failure,
        status,
        ..event(job, 1_000, version, EventKind::TaskRetried)
    };
    let error = async || db.history.job(job).await.unwrap().unwrap().1.error_message;
    let first = Failure::new("TRANSIENT_ERROR", "first");
    db.write(&[failed(1, Some(first), JobStatus::WaitingForWorker)])
        .await;
    assert_eq!(error().await.as_deref(), Some("first"));
    // The failure stands on the first event of the commit, the end on the second.
    let second = Failure::new("TRANSIENT_ERROR", "second");
    let end = HistoryEvent {
        n: 1,
        ..failed(2, None, JobStatus::Failed)
    };
    db.write(&[failed(2, Some(second), JobStatus::Failed), end])
        .await;
    assert_eq!(error().await.as_deref(), Some("second"));
    db.write(&[failed(3, None, JobStatus::Running)]).await;
    assert_eq!(error().await.as_deref(), Some("second"));
    db.write(&[failed(4, None, JobStatus::Completed)]).await;
    assert_eq!(error().await, None);
}

async fn every_field_is_read_back(db: Db) {
    let job = id(1_000, 1);
    let parent = id(900, 2);
    let full = HistoryEvent {
        n: 3,
        state: "build".to_owned(),
        previous_state: Some("start".to_owned()),
        status: JobStatus::AwaitingRetry,
        task_id: Some(TaskId(Uuid::from_u128(5))),
        task_type: Some(Arc::from("build")),
        worker: Some(WorkerId::from("w1")),
        attempt: Some(2),
        parent: Some(parent),
        blueprint_version: Arc::from("v2"),
        failure: Some(Failure::new("E", "broke").hint("mend it").with("n", 1)),
        details: Some(json!({ "until_ms": 5, "note": "я", "deep": [null, 1.5, { "a": true }] })),
        ..event(job, 1_000, 7, EventKind::TaskRetried)
    };
    db.write(std::slice::from_ref(&full)).await;
    let events = db.history.events(job, None, 10).await.unwrap().events;
    let read = &events[0];
    assert_eq!((read.job_id, read.version, read.n), (job, 7, 3));
    assert_eq!(read.at_ms, 1_007);
    assert_eq!(read.event_type, "task_retried");
    assert_eq!(read.state, "build");
    assert_eq!(read.previous_state.as_deref(), Some("start"));
    assert_eq!(read.status, JobStatus::AwaitingRetry);
    assert_eq!(read.task_id, full.task_id);
    assert_eq!(read.task_type.as_deref(), Some("build"));
    assert_eq!(read.worker_id, full.worker);
    assert_eq!(read.attempt_number, Some(2));
    assert_eq!(read.error, full.failure);
    assert_eq!(read.details, full.details);
    let (_, summary) = db.history.job(job).await.unwrap().unwrap();
    assert_eq!(summary.parent_job_id, Some(parent));
    assert_eq!(summary.blueprint_version, "v2");
    assert_eq!(summary.error, full.failure);
}

async fn texts_no_database_takes_are_mended(db: Db) {
    let job = id(1_000, 1);
    let long = "я\0".repeat(100_000);
    let odd = HistoryEvent {
        state: long.clone(),
        blueprint: Arc::from(long.as_str()),
        task_type: Some(Arc::from(long.as_str())),
        worker: Some(WorkerId::from(long.as_str())),
        failure: Some(Failure::new(long.clone(), long.clone()).with("log", long.clone())),
        details: Some(json!({ "a\0": "\0", "n": 1e308 })),
        labels: Some(BTreeMap::from([(long.clone(), long.clone())])),
        version: u64::MAX,
        at_ms: u64::MAX,
        ..event(job, 1_000, 0, EventKind::JobCreated)
    };
    db.write(std::slice::from_ref(&odd)).await;
    let (_, summary) = db.history.job(job).await.unwrap().unwrap();
    assert!(summary.current_state.starts_with("я\u{fffd}я"));
    assert_eq!(summary.labels.len(), 1);
    let events = db.history.events(job, None, 10).await.unwrap().events;
    let details = json!({ "a\u{fffd}": "\u{fffd}", "n": 1e308 });
    assert_eq!(events[0].details, Some(details));
    // The label is found by the text it was given with.
    let query = avtomatika_history::ListQuery {
        client: Some("alice".into()),
        labels: vec![(long.clone(), long.clone())],
        blueprint: Some(long),
        limit: 10,
        ..Default::default()
    };
    assert_eq!(db.history.list(&query).await.unwrap().jobs.len(), 1);
}

async fn a_batch_of_any_size_is_written_whole(db: Db) {
    let mut next = 0;
    for size in [1_u64, 2, 3, 15, 16, 17, 63, 64, 65, 127, 200] {
        let lives: Vec<_> = (next..next + size).flat_map(life).collect();
        next += size;
        db.write(&lives).await;
        for event in &lives {
            let events = db.history.events(event.job_id, None, 10).await.unwrap();
            assert_eq!(events.events.len(), 4, "in a batch of {size} jobs");
        }
    }
    db.write(&[]).await;
}

async fn a_released_job_has_not_ended(db: Db) {
    let job = id(1_000, 1);
    let at = |version, kind, status| HistoryEvent {
        status,
        ..event(job, 1_000, version, kind)
    };
    let ended = async || db.history.job(job).await.unwrap().unwrap().1.ended_at_ms;
    db.write(&[at(1, EventKind::JobQuarantined, JobStatus::Quarantined)])
        .await;
    assert_eq!(ended().await, Some(1_001));
    db.write(&[at(2, EventKind::JobReleased, JobStatus::Running)])
        .await;
    assert_eq!(ended().await, None);
    db.write(&[at(3, EventKind::JobCompleted, JobStatus::Completed)])
        .await;
    assert_eq!(ended().await, Some(1_003));
}

async fn what_was_written_is_there_after_reopening(db: Db) {
    let events = life(1);
    db.write(&events).await;
    let before = all(&db.history, &events).await;
    db.history.close().await;
    let again = History::open(db.location.clone()).await.unwrap();
    assert_eq!(all(&again, &events).await, before);
}

async fn workers_are_counted_once_however_often_events_come(db: Db) {
    const DAY_MS: u64 = 86_400_000;
    let job = id(1_000, 1);
    let at = |version: u64, day: u64, worker: &str, kind| HistoryEvent {
        at_ms: day * DAY_MS + version,
        worker: Some(WorkerId::from(worker)),
        ..event(job, 1_000, version, kind)
    };
    let events = [
        at(1, 1, "w1", EventKind::TaskFinished),
        at(2, 5, "w1", EventKind::TaskFinished),
        at(3, 5, "w1", EventKind::TaskRetried),
        at(4, 5, "w2", EventKind::TaskFailed),
        at(5, 6, "w2", EventKind::TaskLost),
        at(6, 6, "w3", EventKind::StateEntered),
    ];
    db.write(&events[..3]).await;
    db.write(&events).await;
    db.write(&events).await;
    let totals = db.history.worker_totals(5 * DAY_MS).await.unwrap();
    let of = |finished, failed, lost| Totals {
        finished,
        failed,
        lost,
    };
    assert_eq!(totals.len(), 2);
    assert_eq!(totals[&WorkerId::from("w1")], of(1, 1, 0));
    assert_eq!(totals[&WorkerId::from("w2")], of(0, 1, 1));
    let totals = db.history.worker_totals(0).await.unwrap();
    assert_eq!(totals[&WorkerId::from("w1")], of(2, 1, 0));
}
