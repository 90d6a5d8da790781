//! Leases.

use avtomatika_engine::storage::{Due, StoreError};
use avtomatika_protocol::LeaseId;

use super::fixture::{
    Fixture, LEASE_MS, NOW_MS, claim, claim_at, done, entry, job_id, queued, register, task_id,
};

pub(crate) async fn a_result_under_an_old_lease_is_a_conflict(Fixture { store, .. }: &Fixture) {
    let made = queued(1, entry(1, "t"));
    let job = made.job.clone();
    store.commit(made).await.unwrap();
    let (_, first) = claim(store.as_ref(), "w", 1, &["t"]).await.unwrap();
    store
        .hand_back(task_id(1), first.id)
        .await
        .unwrap()
        .unwrap();
    let (_, second) = claim(store.as_ref(), "w", 2, &["t"]).await.unwrap();
    let stale = store.commit(done(&job, task_id(1), first.id)).await;
    assert!(
        matches!(stale, Err(StoreError::Conflict { what: "task" })),
        "{stale:?}"
    );
    store
        .commit(done(&job, task_id(1), second.id))
        .await
        .unwrap();
    assert!(store.task(task_id(1)).await.unwrap().is_none());
    assert!(store.queue_entry(task_id(1)).await.unwrap().is_none());
    let twice = store.commit(done(&job, task_id(1), second.id)).await;
    assert!(matches!(twice, Err(StoreError::Conflict { .. })));
}

pub(crate) async fn a_silent_worker_loses_its_lease(Fixture { store, .. }: &Fixture) {
    register(store.as_ref(), "w", None).await;
    store.commit(queued(1, entry(1, "t"))).await.unwrap();
    claim(store.as_ref(), "w", 1, &["t"]).await.unwrap();
    assert!(
        store
            .due(NOW_MS + LEASE_MS - 1, 9)
            .await
            .unwrap()
            .is_empty()
    );
    let due = store.due(NOW_MS + LEASE_MS, 9).await.unwrap();
    let (job, task) = (job_id(1), task_id(1));
    assert_eq!(
        due,
        [Due::LeaseExpired {
            job,
            task,
            lease: LeaseId(1)
        }]
    );
}

pub(crate) async fn a_sign_of_life_extends_the_lease(Fixture { store, .. }: &Fixture) {
    register(store.as_ref(), "w", None).await;
    store.commit(queued(1, entry(1, "t"))).await.unwrap();
    claim(store.as_ref(), "w", 1, &["t"]).await.unwrap();
    store
        .touch(&"w".into(), NOW_MS + 900)
        .await
        .unwrap()
        .unwrap();
    assert!(store.due(NOW_MS + LEASE_MS, 9).await.unwrap().is_empty());
    assert_eq!(store.next_due_ms(), Some(NOW_MS + 900 + LEASE_MS));
    assert_eq!(
        store.due(NOW_MS + 900 + LEASE_MS, 9).await.unwrap().len(),
        1
    );
    assert!(
        store
            .touch(&"stranger".into(), NOW_MS)
            .await
            .unwrap()
            .is_none()
    );
}

pub(crate) async fn a_broken_connection_shortens_the_lease(Fixture { store, .. }: &Fixture) {
    register(store.as_ref(), "w", None).await;
    store.commit(queued(1, entry(1, "t"))).await.unwrap();
    claim(store.as_ref(), "w", 1, &["t"]).await.unwrap();
    store.suspect(&"w".into(), NOW_MS, 200);
    assert!(store.due(NOW_MS + 199, 9).await.unwrap().is_empty());
    assert_eq!(store.due(NOW_MS + 200, 9).await.unwrap().len(), 1);
    // A worker that is back keeps what it has.
    store.suspect(&"w".into(), NOW_MS + 300, 200);
    store
        .touch(&"w".into(), NOW_MS + 400)
        .await
        .unwrap()
        .unwrap();
    assert!(store.due(NOW_MS + 1_300, 9).await.unwrap().is_empty());
}

pub(crate) async fn an_attempt_that_runs_too_long_is_due(Fixture { store, .. }: &Fixture) {
    register(store.as_ref(), "w", None).await;
    let mut slow = entry(1, "t");
    slow.execution_timeout_ms = Some(300);
    store.commit(queued(1, slow)).await.unwrap();
    let (_, lease) = claim(store.as_ref(), "w", 1, &["t"]).await.unwrap();
    assert_eq!(lease.execution_deadline_ms, Some(NOW_MS + 300));
    store
        .touch(&"w".into(), NOW_MS + 299)
        .await
        .unwrap()
        .unwrap();
    let due = store.due(NOW_MS + 300, 9).await.unwrap();
    let (job, task) = (job_id(1), task_id(1));
    assert_eq!(
        due,
        [Due::ExecutionTimeout {
            job,
            task,
            lease: LeaseId(1)
        }]
    );
}

pub(crate) async fn a_handed_back_task_keeps_its_place(Fixture { store, .. }: &Fixture) {
    for number in 1..=2 {
        let mut entry = entry(number, "t");
        entry.queued_at_ms = NOW_MS + u64::try_from(number).unwrap();
        store.commit(queued(number, entry)).await.unwrap();
    }
    let (first, lease) = claim(store.as_ref(), "w", 1, &["t"]).await.unwrap();
    assert!(
        store
            .hand_back(first.task_id, LeaseId(99))
            .await
            .unwrap()
            .is_none()
    );
    store
        .hand_back(first.task_id, lease.id)
        .await
        .unwrap()
        .unwrap();
    assert!(
        store
            .hand_back(first.task_id, lease.id)
            .await
            .unwrap()
            .is_none()
    );
    let (again, _) = claim_at(store.as_ref(), "w", 2, &["t"], NOW_MS + 9)
        .await
        .unwrap();
    assert_eq!((again.task_id, again.attempt), (task_id(1), 2));
}
