//! Documents: what handlers share, and what happens when two want to write the same one.

use std::sync::Arc;

use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_engine::{Action, Engine};
use avtomatika_protocol::JobStatus;
use serde_json::{Value, json};

use super::lab::{LEASE_MS, Lab, handled};
use super::stretched::Stretched;

fn key() -> DocumentKey {
    DocumentKey::new("counters", "jobs")
}

/// Adds one to a document and ends.
fn count(context: &avtomatika_engine::Context<'_>) -> Action {
    if !context.documents.is_loaded(&key()) {
        return Action::load([key()]);
    }
    let old = context.documents.get(&key()).and_then(Value::as_u64);
    let new = old.unwrap_or(0) + 1;
    Action::transition("done")
        .put(key(), json!(new))
        .set("count", new)
}

async fn counter(lab: &Lab) -> Option<Value> {
    let document = lab.store.document(&key()).await.unwrap();
    document.map(|document| document.value)
}

#[tokio::test]
async fn what_one_job_writes_the_next_one_reads() {
    let lab = Lab::new(handled(|context| Ok(count(context))));
    for expected in 1..=3 {
        let job = lab.submit().await;
        let view = lab.view(job).await;
        assert_eq!(view.status, JobStatus::Completed);
        assert_eq!(view.state_history["count"], json!(expected));
    }
    assert_eq!(counter(&lab).await, Some(json!(3)));
}

#[tokio::test]
async fn a_deleted_document_is_gone_for_the_next_job() {
    let lab = Lab::new(handled(|context| {
        if !context.documents.is_loaded(&key()) {
            return Ok(Action::load([key()]));
        }
        Ok(match context.documents.get(&key()) {
            None => Action::transition("done").put(key(), json!("there")),
            Some(_) => Action::transition("done").delete(key()),
        })
    }));
    for expected in [Some(json!("there")), None, Some(json!("there"))] {
        lab.submit().await;
        assert_eq!(counter(&lab).await, expected);
    }
}

#[tokio::test]
async fn jobs_that_write_one_document_at_once_all_count() {
    for seed in 0..20 {
        let store = Arc::new(Stretched::new(LEASE_MS, seed));
        let lab = Lab::on(store, handled(|context| Ok(count(context))), |_| {});
        let mut submits = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let engine: Engine = lab.engine.clone();
            submits.spawn(async move { engine.submit(Lab::new_job(json!({}), None)).await });
        }
        let mut counts = Vec::new();
        while let Some(submitted) = submits.join_next().await {
            let job = submitted.unwrap().unwrap().job;
            counts.push(lab.view(job).await.state_history["count"].as_u64().unwrap());
        }
        counts.sort_unstable();
        assert_eq!(counts, (1..=16).collect::<Vec<u64>>(), "seed {seed}");
        assert_eq!(counter(&lab).await, Some(json!(16)), "seed {seed}");
    }
}

#[tokio::test]
async fn a_document_written_unread_is_refused_and_not_written() {
    let lab = Lab::new(handled(|_| {
        Ok(Action::transition("done").put(key(), json!(1)))
    }));
    let job = lab.submit().await;
    let view = lab.view(job).await;
    assert_eq!(view.status, JobStatus::AwaitingRetry);
    assert!(
        view.error_message
            .unwrap()
            .contains("without loading it first")
    );
    assert_eq!(counter(&lab).await, None);
    for _ in 0..3 {
        lab.pass(60_000).await;
    }
    assert_eq!(lab.view(job).await.status, JobStatus::Quarantined);
    assert_eq!(counter(&lab).await, None);
}

#[tokio::test]
async fn a_handler_that_never_stops_loading_fails() {
    let lab = Lab::new(handled(|_| Ok(Action::load([key()]))));
    let job = lab.submit().await;
    let view = lab.view(job).await;
    assert_eq!(view.status, JobStatus::AwaitingRetry);
    assert!(view.error_message.unwrap().contains("again and again"));
}
