//! Commits of jobs.

use avtomatika_engine::storage::StoreError;
use avtomatika_protocol::JobStatus;

use super::fixture::{Fixture, NOW_MS, entry, job, job_id, new, next, queued, task_id};

pub(crate) async fn a_job_is_read_as_it_was_committed(Fixture { store, .. }: &Fixture) {
    let made = job(1, "c");
    store.commit(new(made.clone())).await.unwrap();
    assert_eq!(*store.job(job_id(1)).await.unwrap().unwrap(), made);
    assert!(store.job(job_id(2)).await.unwrap().is_none());
}

pub(crate) async fn an_old_version_changes_nothing(Fixture { store, .. }: &Fixture) {
    let made = job(1, "c");
    store.commit(new(made.clone())).await.unwrap();
    let again = store.commit(new(made.clone())).await;
    assert!(matches!(again, Err(StoreError::Conflict { what: "job" })));
    store
        .commit(next(&made, |job| job.state = "first".to_owned()))
        .await
        .unwrap();
    let late = store
        .commit(next(&made, |job| job.state = "late".to_owned()))
        .await;
    assert!(matches!(late, Err(StoreError::Conflict { what: "job" })));
    assert_eq!(store.job(job_id(1)).await.unwrap().unwrap().state, "first");
}

pub(crate) async fn an_idempotency_key_belongs_to_one_job(Fixture { store, .. }: &Fixture) {
    let with_key = |number, client| {
        let mut job = job(number, client);
        job.idempotency_key = Some("k".to_owned());
        new(job)
    };
    store.commit(with_key(1, "c")).await.unwrap();
    let second = store.commit(with_key(2, "c")).await;
    assert!(matches!(second, Err(StoreError::Duplicate(first)) if first == job_id(1)));
    assert!(store.job(job_id(2)).await.unwrap().is_none());
    // Another client's key is another key.
    store.commit(with_key(3, "other")).await.unwrap();
    assert_eq!(
        store.job_of_key(&"c".into(), "k").await.unwrap(),
        Some(job_id(1))
    );
    assert_eq!(
        store.job_of_key(&"other".into(), "k").await.unwrap(),
        Some(job_id(3))
    );
    assert_eq!(store.job_of_key(&"c".into(), "x").await.unwrap(), None);
}

pub(crate) async fn the_newest_jobs_of_a_client_come_first(Fixture { store, .. }: &Fixture) {
    for number in 1..=5 {
        store.commit(new(job(number, "c"))).await.unwrap();
    }
    store.commit(new(job(6, "cc"))).await.unwrap();
    let list = store.jobs_of(&"c".into(), 2, 1).await.unwrap();
    let ids: Vec<_> = list.iter().map(|job| job.id).collect();
    assert_eq!(ids, [job_id(4), job_id(3)]);
    assert!(
        store
            .jobs_of(&"nobody".into(), 9, 0)
            .await
            .unwrap()
            .is_empty()
    );
}

pub(crate) async fn live_jobs_are_counted(Fixture { store, .. }: &Fixture) {
    let (first, second) = (job(1, "c"), job(2, "d"));
    store.commit(new(first.clone())).await.unwrap();
    store.commit(new(second)).await.unwrap();
    let mut ended_at_once = job(3, "c");
    ended_at_once.status = JobStatus::Failed;
    store.commit(new(ended_at_once)).await.unwrap();
    assert_eq!((store.live_jobs(), store.live_jobs_of(&"c".into())), (2, 1));
    store
        .commit(next(&first, |job| job.status = JobStatus::Cancelled))
        .await
        .unwrap();
    assert_eq!((store.live_jobs(), store.live_jobs_of(&"c".into())), (1, 0));
}

pub(crate) async fn old_jobs_are_purged_with_their_keys(Fixture { store, .. }: &Fixture) {
    for number in 1..=3 {
        let mut job = job(number, "c");
        job.idempotency_key = Some(number.to_string());
        job.status = if number == 3 {
            JobStatus::Running
        } else {
            JobStatus::Completed
        };
        job.updated_at_ms = NOW_MS + u64::try_from(number).unwrap();
        store.commit(new(job)).await.unwrap();
    }
    assert_eq!(store.purge(NOW_MS + 2, 10).await.unwrap(), 1);
    assert!(store.job(job_id(1)).await.unwrap().is_none());
    assert_eq!(store.job_of_key(&"c".into(), "1").await.unwrap(), None);
    assert_eq!(
        store.purge(NOW_MS + 99, 10).await.unwrap(),
        1,
        "a live job stays"
    );
    assert_eq!(store.jobs_of(&"c".into(), 9, 0).await.unwrap().len(), 1);
    assert!(!store.is_full());
}

pub(crate) async fn a_refused_batch_leaves_nothing(Fixture { store, .. }: &Fixture) {
    store.commit(new(job(1, "c"))).await.unwrap();
    let mut refused = queued(1, entry(1, "t"));
    refused.documents.push(super::documents::write("k", 0, 5));
    assert!(store.commit(refused).await.is_err());
    assert!(store.task(task_id(1)).await.unwrap().is_none());
    assert!(store.queue_entry(task_id(1)).await.unwrap().is_none());
    assert!(
        store
            .document(&super::documents::key("k"))
            .await
            .unwrap()
            .is_none()
    );
}

pub(crate) async fn a_closed_store_says_so(Fixture { store, .. }: &Fixture) {
    store.commit(new(job(1, "c"))).await.unwrap();
    store.close().await.unwrap();
    let late = store.commit(new(job(2, "c"))).await;
    assert!(matches!(late, Err(StoreError::Closed)), "{late:?}");
}
