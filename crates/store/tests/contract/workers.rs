//! Registrations and signs of life.

use avtomatika_protocol::worker::RunningTask;

use super::fixture::{Fixture, NOW_MS, claim, claim_at, entry, queued, register, task_id};

pub(crate) async fn a_full_worker_says_so(Fixture { store, .. }: &Fixture) {
    register(store.as_ref(), "w", Some(1)).await;
    store.commit(queued(1, entry(1, "t"))).await.unwrap();
    assert!(
        !store
            .touch(&"w".into(), NOW_MS)
            .await
            .unwrap()
            .unwrap()
            .is_full()
    );
    claim(store.as_ref(), "w", 1, &["t"]).await.unwrap();
    assert!(
        store
            .touch(&"w".into(), NOW_MS)
            .await
            .unwrap()
            .unwrap()
            .is_full()
    );
    let workers = store.workers().await.unwrap();
    assert_eq!(workers.len(), 1);
    assert_eq!(workers[0].leased, [task_id(1)]);
}

pub(crate) async fn reconciling_finds_both_kinds_of_difference(Fixture { store, .. }: &Fixture) {
    register(store.as_ref(), "w", None).await;
    for number in 1..=3 {
        let mut entry = entry(number, "t");
        entry.queued_at_ms = NOW_MS + u64::try_from(number).unwrap();
        store.commit(queued(number, entry)).await.unwrap();
    }
    let (kept, kept_lease) = claim(store.as_ref(), "w", 1, &["t"]).await.unwrap();
    let (dropped, _) = claim(store.as_ref(), "w", 2, &["t"]).await.unwrap();
    let (fresh, _) = claim_at(store.as_ref(), "w", 3, &["t"], NOW_MS + 100)
        .await
        .unwrap();
    let stranger = task_id(77);
    let running = [
        RunningTask {
            task_id: kept.task_id,
            lease: kept_lease.id,
        },
        RunningTask {
            task_id: stranger,
            lease: kept_lease.id,
        },
    ];
    let found = store
        .reconcile(&"w".into(), &running, NOW_MS + 50)
        .await
        .unwrap();
    assert_eq!(found.lost, [stranger]);
    let back: Vec<_> = found.back.iter().map(|entry| entry.task_id).collect();
    assert_eq!(
        back,
        [dropped.task_id],
        "what was handed out just now stays"
    );
    assert!(
        store
            .queue_entry(fresh.task_id)
            .await
            .unwrap()
            .unwrap()
            .lease
            .is_some()
    );
}

pub(crate) async fn a_dismissed_worker_gives_its_tasks_back(Fixture { store, .. }: &Fixture) {
    register(store.as_ref(), "w", None).await;
    store.commit(queued(1, entry(1, "t"))).await.unwrap();
    claim(store.as_ref(), "w", 1, &["t"]).await.unwrap();
    let back = store.dismiss(&"w".into()).await.unwrap();
    assert_eq!(back.len(), 1);
    assert!(store.workers().await.unwrap().is_empty());
    assert!(store.touch(&"w".into(), NOW_MS).await.unwrap().is_none());
    assert!(claim(store.as_ref(), "other", 2, &["t"]).await.is_some());
}
