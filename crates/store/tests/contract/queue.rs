//! The queue and its timers.

use avtomatika_engine::storage::{Due, TaskChange};

use super::fixture::{Fixture, NOW_MS, claim, claim_at, entry, job_id, next, queued, task_id};

pub(crate) async fn higher_priority_then_longest_waiting(Fixture { store, .. }: &Fixture) {
    for (number, priority, queued_at_ms) in [(1, 0, 5), (2, 0, 3), (3, 9, 7), (4, -1, 1)] {
        let mut entry = entry(number, "t");
        entry.priority = priority;
        entry.queued_at_ms = queued_at_ms;
        store.commit(queued(number, entry)).await.unwrap();
    }
    let mut order = Vec::new();
    while let Some((entry, _)) = claim(store.as_ref(), "w", 1, &["t"]).await {
        assert_eq!(entry.attempt, 1);
        order.push(entry.task_id);
    }
    assert_eq!(order, [task_id(3), task_id(2), task_id(1), task_id(4)]);
}

pub(crate) async fn a_worker_gets_only_its_types(Fixture { store, .. }: &Fixture) {
    store.commit(queued(1, entry(1, "t"))).await.unwrap();
    assert!(claim(store.as_ref(), "w", 1, &["other"]).await.is_none());
    assert!(claim(store.as_ref(), "w", 1, &[]).await.is_none());
    let (entry, lease) = claim(store.as_ref(), "w", 1, &["other", "t"])
        .await
        .unwrap();
    assert_eq!(lease.worker, "w".into());
    assert_eq!(
        store.task(entry.task_id).await.unwrap().unwrap().params,
        r#"{"number":"1"}"#
    );
    assert!(
        claim(store.as_ref(), "w", 2, &["t"]).await.is_none(),
        "handed out once"
    );
}

pub(crate) async fn a_tied_task_goes_to_its_worker_only(Fixture { store, .. }: &Fixture) {
    let mut tied = entry(1, "t");
    tied.worker = Some("host".into());
    store.commit(queued(1, tied)).await.unwrap();
    store.commit(queued(2, entry(2, "t"))).await.unwrap();
    let (other, _) = claim(store.as_ref(), "w", 1, &["t"]).await.unwrap();
    assert_eq!(other.task_id, task_id(2));
    assert!(claim(store.as_ref(), "w", 2, &["t"]).await.is_none());
    let (own, _) = claim(store.as_ref(), "host", 3, &["t"]).await.unwrap();
    assert_eq!(own.task_id, task_id(1));
}

pub(crate) async fn a_retried_task_waits_for_its_back_off(Fixture { store, .. }: &Fixture) {
    let made = queued(1, entry(1, "t"));
    let job = made.job.clone();
    store.commit(made).await.unwrap();
    let (_, lease) = claim(store.as_ref(), "w", 1, &["t"]).await.unwrap();
    let mut retry = next(&job, |_| {});
    let ready_at_ms = NOW_MS + 500;
    retry.tasks.push(TaskChange::Retry {
        task: task_id(1),
        lease: Some(lease.id),
        ready_at_ms,
    });
    store.commit(retry).await.unwrap();
    assert!(
        claim(store.as_ref(), "w", 2, &["t"]).await.is_none(),
        "not ready yet"
    );
    assert_eq!(store.next_due_ms(), Some(ready_at_ms));
    assert!(store.due(ready_at_ms - 1, 9).await.unwrap().is_empty());
    let due = store.due(ready_at_ms, 9).await.unwrap();
    assert_eq!(
        due,
        [Due::Ready {
            wants: None,
            task_type: "t".into(),
            worker: None
        }]
    );
    let (entry, _) = claim_at(store.as_ref(), "w", 3, &["t"], ready_at_ms)
        .await
        .unwrap();
    assert_eq!(entry.attempt, 2);
}

pub(crate) async fn a_task_that_waits_too_long_is_due(Fixture { store, .. }: &Fixture) {
    for number in 1..=2 {
        let mut entry = entry(number, "t");
        entry.dispatch_timeout_ms = Some(100);
        store.commit(queued(number, entry)).await.unwrap();
    }
    claim(store.as_ref(), "w", 1, &["t"]).await.unwrap();
    assert!(store.due(NOW_MS + 99, 9).await.unwrap().is_empty());
    let due = store.due(NOW_MS + 100, 9).await.unwrap();
    assert_eq!(
        due,
        [Due::DispatchTimeout {
            job: job_id(2),
            task: task_id(2)
        }]
    );
    // Whoever took it may have died: until it is dealt with it comes up again.
    assert_eq!(store.due(NOW_MS + 10_000, 1).await.unwrap().len(), 1);
}

pub(crate) async fn a_job_retry_is_due_until_it_is_dealt_with(Fixture { store, .. }: &Fixture) {
    let mut made = super::fixture::job(1, "c");
    made.timer_at_ms = Some(NOW_MS + 50);
    store
        .commit(super::fixture::new(made.clone()))
        .await
        .unwrap();
    for now_ms in [NOW_MS + 50, NOW_MS + 5_000] {
        assert_eq!(
            store.due(now_ms, 9).await.unwrap(),
            [Due::Job { job: job_id(1) }]
        );
    }
    store
        .commit(next(&made, |job| job.timer_at_ms = None))
        .await
        .unwrap();
    assert!(store.due(NOW_MS + 50_000, 9).await.unwrap().is_empty());
}

pub(crate) async fn counts_follow_the_queue(Fixture { store, .. }: &Fixture) {
    for number in 1..=3 {
        store
            .commit(queued(number, entry(number, "t")))
            .await
            .unwrap();
    }
    claim(store.as_ref(), "w", 1, &["t"]).await.unwrap();
    let counts = store.counts();
    assert_eq!(counts.queued.get("t"), Some(&2));
    assert_eq!(counts.leased.get("t"), Some(&1));
}
