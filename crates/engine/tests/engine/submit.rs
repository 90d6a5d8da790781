//! Accepting jobs: idempotency keys, limits, and what is left behind by a submit that failed.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use avtomatika_engine::service::EngineError;
use avtomatika_engine::{Action, Dispatch};
use serde_json::json;

use super::lab::{LEASE_MS, Lab, handled, one_task};
use super::stretched::Stretched;

#[tokio::test]
async fn the_same_key_gives_the_same_job() {
    let lab = Lab::new(one_task(|_| Dispatch::new("t")));
    let first = lab.engine.submit(Lab::new_job(json!({}), Some("k"))).await;
    let again = lab.engine.submit(Lab::new_job(json!({}), Some("k"))).await;
    let other = lab.engine.submit(Lab::new_job(json!({}), Some("l"))).await;
    let (first, again, other) = (first.unwrap(), again.unwrap(), other.unwrap());
    assert!(!first.repeated && again.repeated && !other.repeated);
    assert_eq!(first.job, again.job);
    assert_ne!(first.job, other.job);
}

#[tokio::test]
async fn one_key_sent_many_times_at_once_makes_one_job() {
    for seed in 0..30 {
        let store = Arc::new(Stretched::new(LEASE_MS, seed));
        store.failing.store(20, Ordering::Relaxed);
        let blueprint = one_task(|_| Dispatch::new("t"));
        let lab = Lab::on(Arc::clone(&store) as Arc<_>, blueprint, |_| {});
        let mut submits = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let engine = lab.engine.clone();
            submits.spawn(async move {
                loop {
                    match engine.submit(Lab::new_job(json!({}), Some("k"))).await {
                        Ok(submitted) => return submitted,
                        Err(error) => assert!(matches!(error, EngineError::Store(_)), "{error}"),
                    }
                }
            });
        }
        let (mut jobs, mut made) = (HashSet::new(), 0);
        while let Some(submitted) = submits.join_next().await {
            let submitted = submitted.unwrap();
            jobs.insert(submitted.job);
            made += u32::from(!submitted.repeated);
        }
        assert_eq!((jobs.len(), made), (1, 1), "seed {seed}");
        assert_eq!(lab.store.live_jobs(), 1, "seed {seed}");
        assert_eq!(store.wrong(), Vec::<String>::new(), "seed {seed}");
    }
}

#[tokio::test]
async fn a_client_over_its_limit_is_refused_until_a_job_ends() {
    let store = Arc::new(avtomatika_store::Memory::new(LEASE_MS));
    let lab = Lab::on(store, one_task(|_| Dispatch::new("t")), |settings| {
        settings.live_jobs_per_client_max = 2;
    });
    let first = lab.submit().await;
    lab.submit().await;
    let refused = lab.engine.submit(Lab::new_job(json!({}), None)).await;
    assert!(
        matches!(refused, Err(EngineError::TooManyJobs { live: 2, limit: 2 })),
        "{refused:?}"
    );
    lab.engine.cancel(&"c".into(), first).await.unwrap();
    lab.submit().await;
}

#[tokio::test]
async fn a_sealed_value_sent_by_a_client_is_refused() {
    let lab = Lab::new(handled(|_| Ok(Action::transition("done"))));
    let input = json!({"deep": [{"$sealed": "00.AA"}]});
    let refused = lab.engine.submit(Lab::new_job(input, None)).await;
    assert!(
        matches!(&refused, Err(EngineError::Refused(failure)) if failure.code.as_deref() == Some("RESERVED_KEY")),
        "{refused:?}"
    );
    assert_eq!(lab.store.live_jobs(), 0);
}
