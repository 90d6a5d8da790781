//! Forgetting what is old.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use avtomatika_engine::history::{EventKind, HistoryEvent};
use avtomatika_history::ListQuery;
use avtomatika_protocol::{JobStatus, WorkerId};
use tokio_util::sync::CancellationToken;

use crate::db::{Db, event, id, on_both};

on_both! {
    jobs_that_ended_before_the_time_are_gone
    a_living_job_loses_only_its_oldest_events
    writers_hardly_wait_for_it
}

const OLD_MS: u64 = 1_000_000;

fn ended(n: u64, created_ms: u64, ended_ms: u64, status: JobStatus) -> HistoryEvent {
    HistoryEvent {
        at_ms: ended_ms,
        status,
        labels: Some(BTreeMap::from([("n".to_owned(), n.to_string())])),
        worker: Some(WorkerId::from("w1")),
        ..event(id(created_ms, n), created_ms, 1, EventKind::TaskFinished)
    }
}

async fn jobs_that_ended_before_the_time_are_gone(db: Db) {
    let mut events = Vec::new();
    for n in 0..1_000 {
        events.push(ended(n, n, OLD_MS - 1, JobStatus::Completed));
    }
    for (n, status) in [
        JobStatus::Failed,
        JobStatus::Cancelled,
        JobStatus::Quarantined,
    ]
    .into_iter()
    .enumerate()
    {
        events.push(ended(5_000 + n as u64, 7, OLD_MS - 1, status));
    }
    let old = events.len();
    // Created long ago, ended lately; and one that has not ended.
    for n in 2_000..2_500 {
        events.push(ended(n, n / 3, OLD_MS, JobStatus::Completed));
    }
    events.push(ended(3_000, 1, 2, JobStatus::WaitingForWorker));
    db.write(&events).await;
    let pruned = db.history.prune(OLD_MS).await.unwrap();
    assert_eq!(pruned.jobs, old as u64);
    for event in &events[..old] {
        assert_eq!(db.history.job(event.job_id).await.unwrap(), None);
        let rest = db.history.events(event.job_id, None, 10).await.unwrap();
        assert!(rest.events.is_empty());
    }
    for event in &events[old..] {
        assert!(db.history.job(event.job_id).await.unwrap().is_some());
    }
    let query = ListQuery {
        client: Some("alice".into()),
        labels: vec![("n".to_owned(), "7".to_owned())],
        limit: 10,
        ..ListQuery::default()
    };
    assert!(db.history.list(&query).await.unwrap().jobs.is_empty());
    assert_eq!(db.history.prune(OLD_MS).await.unwrap().jobs, 0);
}

async fn a_living_job_loses_only_its_oldest_events(db: Db) {
    let job = id(1_000, 1);
    let events: Vec<_> = (1..=20_000_u64)
        .map(|version| HistoryEvent {
            at_ms: version * 100,
            ..event(job, 1_000, version, EventKind::StateEntered)
        })
        .collect();
    for piece in events.chunks(5_000) {
        db.write(piece).await;
    }
    assert_eq!(db.history.prune(OLD_MS).await.unwrap().jobs, 0);
    let left = db.history.events(job, None, 20_000).await.unwrap().events;
    assert_eq!(left.len(), 10_001);
    assert_eq!(left[0].at_ms, OLD_MS);
    // The whole of a job with so many events, little by little, too.
    db.write(&[HistoryEvent {
        at_ms: 2_000_001,
        status: JobStatus::Completed,
        ..event(job, 1_000, 30_000, EventKind::JobCompleted)
    }])
    .await;
    assert_eq!(db.history.prune(3_000_000).await.unwrap().jobs, 1);
    let left = db.history.events(job, None, 20_000).await.unwrap().events;
    assert!(left.is_empty());
}

async fn writers_hardly_wait_for_it(db: Db) {
    let many: Vec<_> = (0..10_000)
        .map(|n| ended(n, n, n + 1, JobStatus::Completed))
        .collect();
    for piece in many.chunks(2_000) {
        db.write(piece).await;
    }
    let stop = CancellationToken::new();
    let writer = tokio::spawn({
        let (history, stop) = (db.history.clone(), stop.clone());
        async move {
            let (mut longest, mut n) = (Duration::ZERO, 1_000_000);
            while !stop.is_cancelled() {
                let began = Instant::now();
                let event = ended(n, 10 * OLD_MS, 10 * OLD_MS, JobStatus::Completed);
                history.write(&[event]).await.unwrap();
                longest = longest.max(began.elapsed());
                n += 1;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            (longest, n - 1_000_000)
        }
    });
    assert_eq!(db.history.prune(OLD_MS).await.unwrap().jobs, 10_000);
    stop.cancel();
    let (longest, writes) = writer.await.unwrap();
    println!("longest of {writes} writes: {longest:?}");
    assert!(writes > 10, "{writes}");
    assert!(longest < Duration::from_secs(1), "{longest:?}");
}
