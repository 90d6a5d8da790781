//! Batches that write several jobs, and jobs that live again.

use std::sync::Arc;

use avtomatika_engine::machine::Job;
use avtomatika_engine::storage::{Batch, Due, JobWrite, Spend, StoreError};
use avtomatika_protocol::JobStatus;

use super::documents::{key, write};
use super::fixture::{
    Fixture, NOW_MS, claim, entry, event, job, job_id, new, next, queued, task_id,
};

/// The change of a job as a batch beside another one.
fn beside(job: &Job, change: impl FnOnce(&mut Job)) -> JobWrite {
    let Batch {
        job, from_version, ..
    } = next(job, change);
    JobWrite { job, from_version }
}

fn made(job: Job) -> JobWrite {
    JobWrite {
        job: Arc::new(job),
        from_version: 0,
    }
}

pub(crate) async fn all_jobs_of_a_batch_are_written(Fixture { store, .. }: &Fixture) {
    let parent = job(1, "c");
    store.commit(new(parent.clone())).await.unwrap();
    let mut batch = next(&parent, |job| job.state = "waits".to_owned());
    let child = queued(2, entry(2, "t"));
    batch.tasks = child.tasks;
    let mut ended = job(3, "c");
    ended.status = JobStatus::Failed;
    let mut timed = job(4, "d");
    timed.timer_at_ms = Some(NOW_MS + 50);
    timed.idempotency_key = Some("k".to_owned());
    batch.also = vec![
        JobWrite {
            job: child.job,
            from_version: 0,
        },
        made(ended),
        made(timed),
    ];
    store.commit(batch).await.unwrap();
    for (number, version) in [(1, 2), (2, 1), (3, 1), (4, 1)] {
        assert_eq!(
            store.job(job_id(number)).await.unwrap().unwrap().version,
            version
        );
    }
    assert_eq!((store.live_jobs(), store.live_jobs_of(&"d".into())), (3, 1));
    assert_eq!(store.jobs_of(&"c".into(), 9, 0).await.unwrap().len(), 3);
    assert_eq!(
        store.job_of_key(&"d".into(), "k").await.unwrap(),
        Some(job_id(4))
    );
    assert!(claim(store.as_ref(), "w", 1, &["t"]).await.is_some());
    let due = store.due(NOW_MS + 50, 9).await.unwrap();
    assert_eq!(due, [Due::Job { job: job_id(4) }]);
    assert_eq!(
        store.purge(NOW_MS + 9, 9).await.unwrap(),
        1,
        "the one that ended at once"
    );
}

pub(crate) async fn a_job_that_changed_refuses_the_whole_batch(Fixture { store, .. }: &Fixture) {
    let (parent, child) = (job(1, "c"), job(2, "c"));
    store.commit(new(parent.clone())).await.unwrap();
    store.commit(new(child.clone())).await.unwrap();
    store.commit(next(&parent, |_| {})).await.unwrap();
    let mut late = next(&child, |job| job.status = JobStatus::Completed);
    late.also = vec![
        beside(&parent, |job| job.state = "resumed".to_owned()),
        made(job(5, "c")),
    ];
    late.tasks = queued(6, entry(6, "t")).tasks;
    late.documents.push(write("k", 0, 1));
    late.spend = Some(Spend {
        counter: "n".to_owned(),
        limit: 9,
    });
    late.history.push(event(&late.job, 0));
    let refused = store.commit(late.clone()).await;
    assert!(
        matches!(refused, Err(StoreError::Conflict { what: "job" })),
        "{refused:?}"
    );
    assert_eq!(store.job(job_id(2)).await.unwrap().unwrap().version, 1);
    assert!(store.job(job_id(5)).await.unwrap().is_none());
    assert!(store.queue_entry(task_id(6)).await.unwrap().is_none());
    assert!(store.document(&key("k")).await.unwrap().is_none());
    assert_eq!(store.counter("n").await.unwrap(), 0);
    assert!(store.outbox(9).await.unwrap().is_empty());
    assert_eq!(
        (store.live_jobs(), store.purge(u64::MAX, 9).await.unwrap()),
        (2, 0)
    );
    // Made from what is there, it is taken.
    let current = store.job(job_id(1)).await.unwrap().unwrap();
    late.also = vec![beside(&current, |job| job.state = "resumed".to_owned())];
    store.commit(late).await.unwrap();
    assert_eq!(
        store.job(job_id(1)).await.unwrap().unwrap().state,
        "resumed"
    );
    assert_eq!(store.counter("n").await.unwrap(), 1);
}

pub(crate) async fn of_many_that_change_one_parent_one_wins(Fixture { store, .. }: &Fixture) {
    let parent = job(1, "c");
    store.commit(new(parent.clone())).await.unwrap();
    let mut commits = tokio::task::JoinSet::new();
    for number in 10..30 {
        let mut batch = new(job(number, "c"));
        batch.also = vec![beside(&parent, |_| {})];
        let store = Arc::clone(store);
        commits.spawn(async move { store.commit(batch).await.is_ok() });
    }
    let won = commits
        .join_all()
        .await
        .into_iter()
        .filter(|won| *won)
        .count();
    assert_eq!((won, store.live_jobs()), (1, 2));
    assert_eq!(store.job(job_id(1)).await.unwrap().unwrap().version, 2);
}

async fn set_aside(Fixture { store, .. }: &Fixture, number: u128, client: &str) -> Job {
    let mut job = job(number, client);
    job.status = JobStatus::Quarantined;
    store.commit(new(job.clone())).await.unwrap();
    job
}

/// The batch that changes a job which had ended.
fn revive(job: &Job, status: JobStatus) -> Batch {
    Batch {
        revived_from_ms: Some(job.updated_at_ms),
        ..next(job, |job| job.status = status)
    }
}

pub(crate) async fn the_newest_quarantined_jobs_come_first(fixture: &Fixture) {
    let store = &fixture.store;
    for (number, client) in [(1, "c"), (2, "d"), (3, "c"), (4, "c")] {
        set_aside(fixture, number, client).await;
    }
    let live = job(5, "c");
    store.commit(new(live.clone())).await.unwrap();
    let ids = |numbers: &[u128]| {
        numbers
            .iter()
            .map(|number| job_id(*number))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        store.quarantined(None, 9).await.unwrap(),
        ids(&[4, 3, 2, 1])
    );
    assert_eq!(store.quarantined(None, 2).await.unwrap(), ids(&[4, 3]));
    let client = "c".into();
    assert_eq!(
        store.quarantined(Some(&client), 2).await.unwrap(),
        ids(&[4, 3])
    );
    assert_eq!(
        store.quarantined(Some(&"d".into()), 9).await.unwrap(),
        ids(&[2])
    );
    assert_eq!(
        store.quarantined(Some(&"e".into()), 9).await.unwrap(),
        ids(&[])
    );
    store
        .commit(next(&live, |job| job.status = JobStatus::Quarantined))
        .await
        .unwrap();
    assert_eq!(store.quarantined(None, 1).await.unwrap(), ids(&[5]));
    // The one that was set aside later stays when the old ones go.
    assert_eq!(store.purge(NOW_MS + 1, 99).await.unwrap(), 4);
    assert_eq!(store.quarantined(None, 9).await.unwrap(), ids(&[5]));
}

pub(crate) async fn a_revived_job_lives_and_ends_once_more(fixture: &Fixture) {
    let store = &fixture.store;
    let aside = set_aside(fixture, 1, "c").await;
    assert_eq!(store.live_jobs_of(&"c".into()), 0);
    store
        .commit(revive(&aside, JobStatus::WaitingForWorker))
        .await
        .unwrap();
    assert_eq!(store.live_jobs_of(&"c".into()), 1);
    assert!(store.quarantined(None, 9).await.unwrap().is_empty());
    assert_eq!(
        store.purge(u64::MAX, 9).await.unwrap(),
        0,
        "what lives is not purged"
    );
    let alive = store.job(job_id(1)).await.unwrap().unwrap();
    store
        .commit(next(&alive, |job| job.status = JobStatus::Completed))
        .await
        .unwrap();
    assert_eq!(store.live_jobs_of(&"c".into()), 0);
    assert_eq!(store.purge(u64::MAX, 9).await.unwrap(), 1);
}

pub(crate) async fn a_revived_job_may_end_in_the_same_commit(fixture: &Fixture) {
    let store = &fixture.store;
    for (number, status, listed) in [(1, JobStatus::Cancelled, 0), (2, JobStatus::Quarantined, 1)] {
        let aside = set_aside(fixture, number, "c").await;
        store.commit(revive(&aside, status)).await.unwrap();
        assert_eq!(store.quarantined(None, 9).await.unwrap().len(), listed);
        assert_eq!(store.live_jobs(), 0, "{status:?}");
        assert_eq!(
            store.job(job_id(number)).await.unwrap().unwrap().status,
            status
        );
        assert_eq!(
            store.purge(u64::MAX, 9).await.unwrap(),
            1,
            "it is listed once among the ended"
        );
    }
}
