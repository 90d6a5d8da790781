//! Counting jobs against a limit.

use std::sync::Arc;

use avtomatika_engine::Dispatch;
use avtomatika_engine::service::{EngineError, NewJob};
use avtomatika_engine::storage::Spend;
use serde_json::json;

use super::super::lab::{LEASE_MS, Lab, client, one_task};
use super::super::stretched::Stretched;

fn spending(limit: u64, key: Option<&str>) -> NewJob {
    NewJob {
        spend: Some(Spend {
            counter: "c 2026-11".to_owned(),
            limit,
        }),
        idempotency_key: key.map(str::to_owned),
        ..NewJob::new("b", client(), json!({}))
    }
}

#[tokio::test]
async fn a_job_over_the_limit_is_not_made_and_a_repeated_one_is_not_counted() {
    let lab = Lab::new(one_task(|_| Dispatch::new("t")));
    for (key, repeated) in [("1", false), ("1", true), ("2", false)] {
        let submitted = lab.engine.submit(spending(2, Some(key))).await.unwrap();
        assert_eq!(submitted.repeated, repeated);
    }
    assert_eq!(lab.engine.spent("c 2026-11").await.unwrap(), 2);
    let over = lab.engine.submit(spending(2, Some("3"))).await;
    assert!(matches!(
        over,
        Err(EngineError::QuotaExhausted { limit: 2 })
    ));
    assert_eq!(
        (
            lab.store.live_jobs(),
            lab.engine.spent("c 2026-11").await.unwrap()
        ),
        (2, 2)
    );
    assert!(
        lab.engine
            .submit(spending(2, Some("2")))
            .await
            .unwrap()
            .repeated,
        "what was made is still there"
    );
    lab.engine.submit(spending(3, Some("3"))).await.unwrap();
    assert_eq!(lab.engine.spent("another").await.unwrap(), 0);
}

#[tokio::test]
async fn many_at_once_spend_exactly_the_limit() {
    let store = Arc::new(Stretched::new(LEASE_MS, 3));
    let lab = Lab::of(store, vec![one_task(|_| Dispatch::new("t"))], |_| {});
    let mut submits = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let engine = lab.engine.clone();
        submits.spawn(async move { engine.submit(spending(20, None)).await.is_ok() });
    }
    let made = submits
        .join_all()
        .await
        .into_iter()
        .filter(|made| *made)
        .count();
    assert_eq!(
        (
            made,
            lab.store.live_jobs(),
            lab.engine.spent("c 2026-11").await.unwrap()
        ),
        (20, 20, 20)
    );
}
