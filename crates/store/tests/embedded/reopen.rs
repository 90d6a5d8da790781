//! What is there after a restart.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_engine::storage::{DocumentChange, Due, Store, TaskChange};
use avtomatika_protocol::worker::RunningTask;
use avtomatika_protocol::{JobStatus, LeaseId};
use avtomatika_store::{Embedded, EmbeddedOptions, OpenError};
use serde_json::json;

use super::fixture::{
    LEASE_MS, NOW_MS, claim, done, entry, job, job_id, new, next, queued, register, task_id,
};

fn open(dir: &Path, now_ms: u64) -> Embedded {
    let options = EmbeddedOptions {
        lease_ms: LEASE_MS,
        ..EmbeddedOptions::new(dir)
    };
    Embedded::open(options, now_ms).unwrap()
}

#[tokio::test]
async fn jobs_keys_documents_and_the_queue_are_there_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), NOW_MS);
    let mut keyed = job(1, "c");
    keyed.idempotency_key = Some("k".to_owned());
    store.commit(new(keyed.clone())).await.unwrap();
    let mut urgent = entry(2, "t");
    urgent.priority = 5;
    store.commit(queued(2, urgent)).await.unwrap();
    store.commit(queued(3, entry(3, "t"))).await.unwrap();
    let mut tied = entry(4, "t");
    tied.worker = Some("w".into());
    store.commit(queued(4, tied)).await.unwrap();
    let mut written = next(&keyed, |job| job.status = JobStatus::Completed);
    written.documents.push(DocumentChange {
        key: DocumentKey::new("s", "d"),
        from_version: 0,
        value: Some(json!({"deep": [1, 2]})),
    });
    store.commit(written).await.unwrap();
    let counts = store.counts();
    store.close().await.unwrap();

    let store = open(dir.path(), NOW_MS + 5_000);
    let stored = store.job(job_id(1)).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.status), (2, JobStatus::Completed));
    let by_key = store.job_of_key(&"c".into(), "k").await.unwrap();
    assert_eq!(by_key, Some(job_id(1)));
    let document = store.document(&DocumentKey::new("s", "d")).await.unwrap();
    let document = document.unwrap();
    assert_eq!(
        (document.version, document.value),
        (1, json!({"deep": [1, 2]}))
    );
    assert_eq!(store.live_jobs(), 3);
    assert_eq!(store.counts().queued, counts.queued);
    let (first, _) = claim(&store, "v", 1, &["t"]).await.unwrap();
    assert_eq!(first.task_id, task_id(2), "priorities are kept");
    let task = store.task(task_id(2)).await.unwrap().unwrap();
    assert_eq!(task.params, json!({"number": "2"}).to_string());
    let (second, _) = claim(&store, "v", 2, &["t"]).await.unwrap();
    assert_eq!(second.task_id, task_id(3));
    assert!(
        claim(&store, "v", 3, &["t"]).await.is_none(),
        "the rest is w's"
    );
    assert!(claim(&store, "w", 4, &["t"]).await.is_some());
}

#[tokio::test]
async fn a_lease_is_still_held_and_its_result_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), NOW_MS);
    register(&store, "w", Some(3)).await;
    for number in 1..=2 {
        store
            .commit(queued(number, entry(number, "t")))
            .await
            .unwrap();
        claim(&store, "w", u64::try_from(number).unwrap(), &["t"])
            .await
            .unwrap();
    }
    store.close().await.unwrap();

    let now_ms = NOW_MS + 60_000;
    let store = open(dir.path(), now_ms);
    let workers = store.workers().await.unwrap();
    assert_eq!(workers.len(), 1, "a registration is kept");
    assert_eq!(workers[0].leased.len(), 2);
    assert_eq!(workers[0].record.registration.max_concurrent_tasks, Some(3));
    assert!(
        claim(&store, "v", 9, &["t"]).await.is_none(),
        "both are held"
    );
    let running = [RunningTask {
        task_id: task_id(1),
        lease: LeaseId(1),
    }];
    let found = store
        .reconcile(&"w".into(), &running, now_ms)
        .await
        .unwrap();
    assert_eq!((found.back.len(), found.lost.len()), (1, 0));
    let before = store.job(job_id(1)).await.unwrap().unwrap();
    store
        .commit(done(&before, task_id(1), LeaseId(1)))
        .await
        .unwrap();
    assert!(
        store
            .due(now_ms + LEASE_MS - 1, 9)
            .await
            .unwrap()
            .is_empty()
    );
    let (again, _) = claim(&store, "v", 9, &["t"]).await.unwrap();
    assert_eq!((again.task_id, again.attempt), (task_id(2), 2));
}

#[tokio::test]
async fn a_holder_that_stays_silent_after_a_restart_has_a_full_lease_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), NOW_MS);
    register(&store, "w", None).await;
    store.commit(queued(1, entry(1, "t"))).await.unwrap();
    claim(&store, "w", 1, &["t"]).await.unwrap();
    store.close().await.unwrap();
    let store = open(dir.path(), NOW_MS + 60_000);
    assert!(
        store
            .due(NOW_MS + 60_000 + LEASE_MS - 1, 9)
            .await
            .unwrap()
            .is_empty()
    );
    let due = store.due(NOW_MS + 60_000 + LEASE_MS, 9).await.unwrap();
    assert!(
        matches!(due.as_slice(), [Due::LeaseExpired { .. }]),
        "{due:?}"
    );
}

#[tokio::test]
async fn every_timer_is_set_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), NOW_MS);
    let mut resting = job(1, "c");
    resting.status = JobStatus::AwaitingRetry;
    resting.timer_at_ms = Some(NOW_MS + 100);
    store.commit(new(resting)).await.unwrap();
    let mut impatient = entry(2, "t");
    impatient.dispatch_timeout_ms = Some(200);
    store.commit(queued(2, impatient)).await.unwrap();
    let mut bounded = entry(3, "u");
    bounded.execution_timeout_ms = Some(300);
    store.commit(queued(3, bounded)).await.unwrap();
    register(&store, "w", None).await;
    claim(&store, "w", 1, &["u"]).await.unwrap();
    let backing = queued(4, entry(4, "v"));
    let before = backing.job.clone();
    store.commit(backing).await.unwrap();
    let mut back_off = next(&before, |_| {});
    back_off.tasks.push(TaskChange::Retry {
        task: task_id(4),
        lease: None,
        ready_at_ms: NOW_MS + 400,
    });
    store.commit(back_off).await.unwrap();
    store.close().await.unwrap();

    let store = open(dir.path(), NOW_MS + 50);
    assert!(store.due(NOW_MS + 99, 9).await.unwrap().is_empty());
    for (at_ms, name) in [
        (100, "Job"),
        (200, "DispatchTimeout"),
        (300, "ExecutionTimeout"),
        (400, "Ready"),
    ] {
        let due = store.due(NOW_MS + at_ms, 9).await.unwrap();
        assert_eq!(due.len(), 1, "{name}: {due:?}");
        assert!(format!("{:?}", due[0]).starts_with(name), "{name}: {due:?}");
    }
    assert!(claim(&store, "w", 2, &["v"]).await.is_some());
}

#[tokio::test]
async fn a_worker_that_left_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), NOW_MS);
    register(&store, "w", None).await;
    register(&store, "v", None).await;
    store.dismiss(&"w".into()).await.unwrap();
    store.close().await.unwrap();
    let workers = open(dir.path(), NOW_MS).workers().await.unwrap();
    assert_eq!(workers.len(), 1);
    assert_eq!(workers[0].record.registration.worker_id.as_str(), "v");
}

#[tokio::test]
async fn a_task_that_ends_as_its_worker_leaves_is_not_back_in_the_queue() {
    for round in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), NOW_MS);
        register(&store, "w", None).await;
        // So many at once that the writer waits for more before the next record.
        let first = |n| store.commit(queued(n, entry(n, "t")));
        let (one, two, three, four) = tokio::join!(first(1), first(2), first(3), first(4));
        for written in [one, two, three, four] {
            written.unwrap();
        }
        let (entry, _) = claim(&store, "w", 1, &["t"]).await.unwrap();
        let job = store.job(entry.job_id).await.unwrap().unwrap();
        let mut cancelled = next(&job, |job| {
            job.status = JobStatus::Cancelled;
            job.work = None;
        });
        let task = entry.task_id;
        let lease = None;
        cancelled.tasks.push(TaskChange::Finish { task, lease });
        let worker = "w".into();
        let (ended, left) = tokio::join!(store.commit(cancelled), store.dismiss(&worker));
        ended.unwrap();
        left.unwrap();
        store.close().await.unwrap();
        let store = open(dir.path(), NOW_MS);
        let queued: u64 = store.counts().queued.values().sum();
        assert_eq!(queued, 3, "round {round}");
        assert!(store.queue_entry(task).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_job_is_gone_however_it_is_read_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path(), NOW_MS));
    for n in 1..=100 {
        let begun = job(n, "c");
        store.commit(new(begun.clone())).await.unwrap();
        let ended = next(&begun, |job| job.status = JobStatus::Completed);
        store.commit(ended).await.unwrap();
        let reads = Arc::new(AtomicBool::new(true));
        let reader = {
            let (store, reads) = (Arc::clone(&store), Arc::clone(&reads));
            tokio::spawn(async move {
                while reads.load(Ordering::Relaxed) {
                    store.job(job_id(n)).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        };
        assert_eq!(store.purge(NOW_MS + 1_000_000, 10).await.unwrap(), 1);
        reads.store(false, Ordering::Relaxed);
        reader.await.unwrap();
        assert!(store.job(job_id(n)).await.unwrap().is_none(), "job {n}");
    }
}

#[tokio::test]
async fn one_store_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), NOW_MS);
    let second = Embedded::open(EmbeddedOptions::new(dir.path()), NOW_MS);
    assert!(matches!(second.err(), Some(OpenError::InUse { .. })));
    store.close().await.unwrap();
    open(dir.path(), NOW_MS);
}
