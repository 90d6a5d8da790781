//! What the outbox tells of a whole life, and in which order.

use avtomatika_engine::blueprint::{AwaitApproval, Parallel, RetryPolicy, RunBlueprint, WaitEvent};
use avtomatika_engine::history::{EventKind, HistoryEvent};
use avtomatika_engine::service::{Authority, NewJob, Verdict};
use avtomatika_engine::{Action, Blueprint, Dispatch, EndAs};
use avtomatika_protocol::{JobId, JobStatus};
use serde_json::json;

use super::super::lab::{Lab, NOW_MS, client};
use super::branches::task;
use super::kids::kid;
use super::{Did::*, lab};

fn whole_life() -> Blueprint {
    let retry = RetryPolicy {
        max_attempts: 2,
        initial_ms: 1_000,
        max_ms: 1_000,
    };
    Blueprint::builder("b")
        .version("v1")
        .start("start", move |_| {
            Ok(Action::dispatch(
                Dispatch::new("t").retry(retry).on("success", "fan"),
            ))
        })
        .state("fan", |_| {
            Ok(Action::parallel(
                Parallel::new("sub").task("0", task(0)).task("1", task(1)),
            ))
        })
        .state("sub", |_| {
            Ok(Action::run_blueprint(
                RunBlueprint::new("kid", json!({"do": "complete"})).on("success", "ask"),
            ))
        })
        .state("ask", |_| {
            Ok(Action::await_approval(
                AwaitApproval::new("?").on("y", "wait").timeout_ms(9_000),
            ))
        })
        .state("wait", |_| {
            Ok(Action::wait_event(WaitEvent::new("e", "nap")))
        })
        .state("nap", |context| {
            Ok(Action::wait_until(context.now_ms + 500, "done"))
        })
        .end("done", EndAs::Completed)
        .build()
        .unwrap()
}

async fn events(lab: &Lab) -> Vec<HistoryEvent> {
    let told = lab.engine.outbox(1_000).await.unwrap();
    assert!(told.is_sorted_by_key(|(seq, _)| *seq));
    told.into_iter().flat_map(|(_, events)| events).collect()
}

async fn live(lab: &Lab) -> JobId {
    lab.register("w", None).await;
    let new = NewJob {
        labels: [("team".to_owned(), "red".to_owned())].into(),
        ..NewJob::new("b", client(), json!({}))
    };
    let job = lab.engine.submit(new).await.unwrap().job;
    let first = lab.take("w").await.unwrap();
    lab.did("w", &first, Transient).await;
    lab.pass(1_000).await;
    let second = lab.take("w").await.unwrap();
    lab.did("w", &second, Well).await;
    let hands = lab.take_all("w").await;
    lab.did("w", &hands["1"], Well).await;
    lab.did("w", &hands["0"], No).await;
    let verdict = Verdict {
        decision: "y".to_owned(),
        by: Some("ann".to_owned()),
        comment: None,
    };
    lab.engine
        .decide(job, Authority::Client(&"c".into()), verdict)
        .await
        .unwrap();
    lab.engine
        .signal(&"c".into(), job, "e", json!(1))
        .await
        .unwrap();
    lab.pass(500).await;
    job
}

#[tokio::test]
async fn a_whole_life_is_told_in_order() {
    use EventKind::{
        ApprovalDecided, ApprovalRequested, BranchFinished, EventAwaited, EventReceived,
        JobCompleted, JobCreated, ParallelJoined, ParallelStarted, Sleeping, StateEntered,
        SubJobFinished, SubJobStarted, TaskDispatched, TaskFinished, TaskRetried, Woke,
    };
    let lab = lab(vec![kid(), whole_life()]);
    let job = live(&lab).await;
    let all = events(&lab).await;
    let own: Vec<&HistoryEvent> = all.iter().filter(|event| event.job_id == job).collect();
    let kinds: Vec<EventKind> = own.iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        [
            JobCreated,
            TaskDispatched,
            TaskRetried,
            TaskFinished,
            StateEntered,
            TaskDispatched,
            TaskDispatched,
            ParallelStarted,
            BranchFinished,
            BranchFinished,
            ParallelJoined,
            StateEntered,
            SubJobStarted,
            SubJobFinished,
            StateEntered,
            ApprovalRequested,
            ApprovalDecided,
            StateEntered,
            EventAwaited,
            EventReceived,
            StateEntered,
            Sleeping,
            Woke,
            JobCompleted,
        ]
    );
    // Each says the state of its moment, not the one its commit left the job in.
    let states: Vec<&str> = own.iter().map(|event| event.state.as_str()).collect();
    let in_order = [
        ["start"; 4].as_slice(),
        &["fan"; 7],
        &["sub"; 3],
        &["ask"; 3],
        &["wait"; 3],
        &["nap"; 3],
        &["done"],
    ];
    assert_eq!(states, in_order.concat());
    let keys: Vec<(u64, u16)> = own.iter().map(|event| (event.version, event.n)).collect();
    assert!(
        keys.is_sorted_by(|a, b| a < b),
        "each has a key of its own, in order: {keys:?}"
    );
    let stored = lab.stored(job).await;
    let last = own.last().unwrap();
    assert_eq!(
        (last.version, last.status, last.state.as_str()),
        (stored.version, JobStatus::Completed, "done")
    );
    for event in &own {
        assert_eq!(
            (
                event.client.as_str(),
                event.blueprint.as_ref(),
                event.blueprint_version.as_ref(),
                event.created_at_ms
            ),
            ("c", "b", "v1", NOW_MS)
        );
        assert_eq!(event.labels.is_some(), event.kind == JobCreated);
    }
    let moves: Vec<_> = own
        .iter()
        .filter_map(|event| event.previous_state.as_deref())
        .collect();
    assert_eq!(moves, ["start", "fan", "sub", "ask", "wait"]);
    let decided = own
        .iter()
        .find(|event| event.kind == ApprovalDecided)
        .unwrap();
    assert_eq!(decided.details, Some(json!({"decision": "y", "by": "ann"})));
    let workers = own
        .iter()
        .filter(|event| matches!(event.kind, TaskFinished | TaskRetried | BranchFinished));
    assert!(
        workers
            .clone()
            .all(|event| event.worker == Some("w".into())),
        "{:?}",
        workers.collect::<Vec<_>>()
    );
    let kid: Vec<_> = all
        .iter()
        .filter(|event| event.parent == Some(job))
        .map(|event| event.kind)
        .collect();
    assert_eq!(kid, [JobCreated, JobCompleted]);
}

#[tokio::test]
async fn what_was_not_committed_is_not_told_and_what_is_forgotten_is_gone() {
    let lab = lab(vec![kid(), whole_life()]);
    let job = live(&lab).await;
    let before = events(&lab).await;
    let refused = lab.engine.cancel(&"c".into(), job).await;
    assert!(refused.is_err());
    assert_eq!(events(&lab).await, before);
    let told = lab.engine.outbox(3).await.unwrap();
    assert_eq!(told.len(), 3);
    lab.engine.forget_outbox(told[1].0).await.unwrap();
    let left = lab.engine.outbox(1).await.unwrap();
    assert_eq!(left[0], told[2]);
}

#[tokio::test]
async fn secrets_are_not_told() {
    let telling = Blueprint::builder("b")
        .secret("key")
        .start("start", |context| {
            let input = json!({"do": "complete", "key": context.input["key"]});
            Ok(Action::run_blueprint(
                RunBlueprint::new("kid", input)
                    .on("success", "done")
                    .save_as("key"),
            ))
        })
        .end("done", EndAs::Completed)
        .build()
        .unwrap();
    let lab = lab(vec![kid(), telling]);
    let new = NewJob::new("b", client(), json!({"key": "hunter2-TEST"}));
    lab.engine.submit(new).await.unwrap();
    let all = serde_json::to_string(&events(&lab).await).unwrap();
    assert!(!all.contains("hunter2"), "{all}");
}
