//! Counters, documents of no job, and the outbox.

use std::sync::Arc;

use avtomatika_engine::storage::{Batch, DocumentChange, Spend, StoreError};

use super::documents::{key, write};
use super::fixture::{Fixture, event, job, job_id, new, next};

fn spending(number: u128, limit: u64) -> Batch {
    Batch {
        spend: Some(Spend {
            counter: "c 2026-11".to_owned(),
            limit,
        }),
        ..new(job(number, "c"))
    }
}

pub(crate) async fn a_counter_stops_at_its_limit(Fixture { store, .. }: &Fixture) {
    for number in 1..=2 {
        store.commit(spending(number, 2)).await.unwrap();
    }
    let over = store.commit(spending(3, 2)).await;
    assert!(
        matches!(over, Err(StoreError::Exhausted { limit: 2 })),
        "{over:?}"
    );
    assert!(store.job(job_id(3)).await.unwrap().is_none());
    assert_eq!(
        (store.counter("c 2026-11").await.unwrap(), store.live_jobs()),
        (2, 2)
    );
    // What is refused for another reason is not counted.
    assert!(store.commit(spending(1, 9)).await.is_err());
    assert_eq!(store.counter("c 2026-11").await.unwrap(), 2);
    store.commit(spending(3, 3)).await.unwrap();
    assert_eq!(store.counter("c 2026-11").await.unwrap(), 3);
    assert_eq!(store.counter("c 2026-12").await.unwrap(), 0);
}

pub(crate) async fn a_counter_is_exact_whoever_counts_at_once(Fixture { store, .. }: &Fixture) {
    let mut commits = tokio::task::JoinSet::new();
    for number in 1..=60 {
        let store = Arc::clone(store);
        commits.spawn(async move { store.commit(spending(number, 25)).await.is_ok() });
    }
    let made = commits
        .join_all()
        .await
        .into_iter()
        .filter(|made| *made)
        .count();
    assert_eq!(
        (
            made,
            store.counter("c 2026-11").await.unwrap(),
            store.live_jobs()
        ),
        (25, 25, 25)
    );
}

pub(crate) async fn documents_of_no_job_are_written_all_or_none(Fixture { store, .. }: &Fixture) {
    store
        .write_documents(vec![write("a", 0, 1), write("b", 0, 2)])
        .await
        .unwrap();
    let refused = store
        .write_documents(vec![write("a", 1, 3), write("b", 0, 4)])
        .await;
    assert!(
        matches!(refused, Err(StoreError::Conflict { what: "document" })),
        "{refused:?}"
    );
    let a = store.document(&key("a")).await.unwrap().unwrap();
    assert_eq!((a.version, a.value), (1, serde_json::json!(1)));
    let gone = DocumentChange {
        value: None,
        ..write("a", 1, 0)
    };
    store
        .write_documents(vec![gone, write("b", 1, 5)])
        .await
        .unwrap();
    assert!(store.document(&key("a")).await.unwrap().is_none());
    assert_eq!(store.document(&key("b")).await.unwrap().unwrap().version, 2);
    store.write_documents(vec![write("a", 0, 6)]).await.unwrap();
    store.write_documents(Vec::new()).await.unwrap();
    // Jobs see them, and change them only from the version there is.
    let mut batch = new(job(1, "c"));
    batch.documents.push(write("b", 1, 7));
    assert!(store.commit(batch.clone()).await.is_err());
    batch.documents = vec![write("b", 2, 7)];
    store.commit(batch).await.unwrap();
}

pub(crate) async fn the_outbox_tells_commits_in_their_order(Fixture { store, .. }: &Fixture) {
    let mut told = Vec::new();
    for number in 1..=5 {
        let mut batch = new(job(number, "c"));
        batch.history = vec![event(&batch.job, 0), event(&batch.job, 1)];
        told.push(batch.history.clone());
        let after = next(&batch.job, |_| {});
        store.commit(batch).await.unwrap();
        // A commit that tells nothing is no entry.
        store.commit(after).await.unwrap();
    }
    let all = store.outbox(99).await.unwrap();
    assert_eq!(
        all.iter()
            .map(|(_, events)| events.clone())
            .collect::<Vec<_>>(),
        told
    );
    assert!(all.is_sorted_by(|a, b| a.0 < b.0));
    assert_eq!(store.outbox(2).await.unwrap(), all[..2]);
    store.forget_outbox(all[1].0).await.unwrap();
    assert_eq!(store.outbox(99).await.unwrap(), all[2..]);
    store.forget_outbox(all[0].0).await.unwrap();
    assert_eq!(
        store.outbox(99).await.unwrap(),
        all[2..],
        "what is forgotten stays so"
    );
    store.forget_outbox(all[4].0).await.unwrap();
    assert!(store.outbox(99).await.unwrap().is_empty());
    let mut batch = new(job(6, "c"));
    batch.history = vec![event(&batch.job, 0)];
    store.commit(batch).await.unwrap();
    let left = store.outbox(99).await.unwrap();
    assert!(left.len() == 1 && left[0].0 > all[4].0, "numbers grow on");
}

pub(crate) async fn the_outbox_is_emptied_while_it_fills(Fixture { store, .. }: &Fixture) {
    const COMMITS: u128 = 120;
    let filling = tokio::spawn({
        let store = Arc::clone(store);
        async move {
            let mut commits = tokio::task::JoinSet::new();
            for number in 1..=COMMITS {
                let mut batch = new(job(number, "c"));
                batch.history = vec![event(&batch.job, 0)];
                let store = Arc::clone(&store);
                commits.spawn(async move { store.commit(batch).await.unwrap() });
            }
            commits.join_all().await;
        }
    });
    let mut seen = Vec::new();
    while seen.len() < usize::try_from(COMMITS).unwrap() {
        let some = store.outbox(7).await.unwrap();
        if let Some((last, _)) = some.last() {
            store.forget_outbox(*last).await.unwrap();
        }
        seen.extend(
            some.into_iter()
                .flat_map(|(_, events)| events)
                .map(|event| event.job_id),
        );
        tokio::task::yield_now().await;
    }
    filling.await.unwrap();
    seen.sort_unstable();
    let expected: Vec<_> = (1..=COMMITS).map(job_id).collect();
    assert_eq!(seen, expected, "each once, none left out");
}
