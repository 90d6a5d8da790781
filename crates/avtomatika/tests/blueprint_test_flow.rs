//! The blueprint `test_flow`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

use std::sync::Arc;

use avtomatika::blueprints::test_flow;
use avtomatika::engine::seal::Sealer;
use avtomatika::engine::service::{EngineError, NewJob, Poll};
use avtomatika::protocol::worker::{Outcome, ResultMessage};
use avtomatika::protocol::{Failure, JobId, JobStatus};
use avtomatika::{Client, Engine, Memory, Options};
use serde_json::{Value, json};

fn engine() -> Engine {
    let store = Arc::new(Memory::new(45_000));
    Options::new(store, Sealer::new([0; 32]))
        .blueprint(test_flow().unwrap())
        .build()
}

fn client() -> Arc<Client> {
    Arc::new(Client::new("c".into(), "u"))
}

async fn submit(engine: &Engine, input: Value) -> Result<JobId, EngineError> {
    let new = NewJob::new("test_flow", client(), input);
    engine.submit(new).await.map(|submitted| submitted.job)
}

/// Has a worker answer the one task there is; what it was sent.
async fn answer(engine: &Engine, result: Outcome) -> Value {
    let registration = json!({"worker_id": "w", "supported_tasks": ["echo_task"]});
    engine
        .register(serde_json::from_value(registration).unwrap())
        .await
        .unwrap();
    let poll = Poll {
        worker: "w".into(),
        types: None,
        wait_ms: 0,
    };
    let task = engine.poll(poll).await.unwrap().unwrap().message;
    let report = ResultMessage {
        job_id: task.job_id,
        task_id: task.task_id,
        worker_id: "w".into(),
        result,
        lease: task.lease,
        want_next: false,
    };
    assert_eq!(engine.report(report).await.unwrap().ignored, None);
    serde_json::from_str(task.params.get()).unwrap()
}

#[test]
fn it_is_posted_where_the_seed_era_posted_it() {
    let endpoint = test_flow().unwrap().endpoint.unwrap();
    assert_eq!(endpoint.version.as_deref(), Some("v1"));
    assert_eq!(endpoint.path, "/jobs/test");
}

#[tokio::test]
async fn defaults_fill_in_and_success_completes() {
    let engine = engine();
    let job = submit(&engine, json!({"multiply": null})).await.unwrap();
    let params = answer(&engine, Outcome::success(json!({"echo": "hi"}))).await;
    assert_eq!(
        params,
        json!({"message": "Hello from Orchestrator!", "multiply": 2})
    );
    let view = engine.job(&"c".into(), job, None).await.unwrap();
    assert_eq!(
        (view.status, view.current_state.as_str()),
        (JobStatus::Completed, "completed")
    );
    assert_eq!(view.state_history["echo"], "hi");
}

#[tokio::test]
async fn what_is_given_goes_through_and_failure_fails() {
    let engine = engine();
    let job = submit(&engine, json!({"message": "x", "multiply": 5}))
        .await
        .unwrap();
    let params = answer(
        &engine,
        Outcome::failure(&Failure::new("NO_ECHO", "silence")),
    )
    .await;
    assert_eq!(params, json!({"message": "x", "multiply": 5}));
    let view = engine.job(&"c".into(), job, None).await.unwrap();
    assert_eq!(
        (view.status, view.current_state.as_str()),
        (JobStatus::Failed, "failed")
    );
    assert_eq!(view.error.unwrap().code.as_deref(), Some("NO_ECHO"));
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused() {
    let engine = engine();
    for body in [json!([]), json!("x"), json!(null), json!(1)] {
        let refused = submit(&engine, body).await;
        let Err(EngineError::Refused(failure)) = refused else {
            panic!("expected a refusal, got {refused:?}");
        };
        assert_eq!(failure.code.as_deref(), Some("INVALID_REQUEST"));
        assert!(failure.hint.is_some() && failure.more.contains_key("ru"));
    }
    assert!(engine.jobs(&"c".into(), 10, 0).await.unwrap().is_empty());
}
