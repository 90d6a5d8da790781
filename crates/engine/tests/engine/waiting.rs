//! Why a job waits, and since when; and what its worker says meanwhile.

use std::pin::Pin;
use std::sync::Arc;

use avtomatika_engine::blueprint::{
    AwaitApproval, Needs, Parallel, RetryPolicy, RunBlueprint, WaitEvent,
};
use avtomatika_engine::{Action, Blueprint, Context, Dispatch, EndAs, HandlerError};
use avtomatika_protocol::job::WaitReason;
use avtomatika_protocol::worker::{Outcome, WorkerEvent};
use avtomatika_protocol::{Failure, JobId};
use avtomatika_store::Memory;
use serde_json::json;

use super::lab::{LEASE_MS, Lab, NOW_MS, handled, one_task, success};

async fn why(lab: &Lab, job: JobId) -> Option<(WaitReason, u64, Option<u64>)> {
    let waiting = lab.view(job).await.waiting?;
    Some((waiting.reason, waiting.since_ms, waiting.until_ms))
}

#[tokio::test]
async fn each_reason_is_named() {
    use WaitReason::{BackOff, NoWorker, WithWorker, WorkersBusy};
    let lab = Lab::new(one_task(|_| {
        Dispatch::new("t").dispatch_timeout_ms(900_000)
    }));
    let (first, second) = (lab.submit().await, lab.submit().await);
    let until = Some(NOW_MS + 900_000);
    assert_eq!(why(&lab, first).await, Some((NoWorker, NOW_MS, until)));
    lab.register("a", Some(1)).await;
    lab.clock.advance(10);
    let handout = lab.take("a").await.unwrap();
    assert_eq!(
        why(&lab, first).await,
        Some((WithWorker, NOW_MS + 10, None))
    );
    assert_eq!(why(&lab, second).await, Some((WorkersBusy, NOW_MS, until)));
    let failure = Outcome::failure(&Failure::new("TRANSIENT_ERROR", "no luck"));
    lab.report("a", &handout, failure).await.unwrap();
    let (reason, _, due) = why(&lab, first).await.unwrap();
    assert_eq!(reason, BackOff);
    assert!(due.unwrap() > NOW_MS + 10);
    lab.pass(LEASE_MS).await;
    assert_eq!(why(&lab, second).await.unwrap().0, NoWorker, "a is silent");
}

#[tokio::test]
async fn a_tied_task_says_whether_its_worker_is_away_or_busy() {
    let lab = Lab::new(one_task(|_| Dispatch::new("t").to_worker(Some("a".into()))));
    lab.register("b", None).await;
    let job = lab.submit().await;
    assert!(lab.take("b").await.is_none(), "it is not b's");
    assert_eq!(why(&lab, job).await.unwrap().0, WaitReason::WorkerAway);
    lab.register("a", None).await;
    assert_eq!(why(&lab, job).await.unwrap().0, WaitReason::WorkersSilent);
    assert!(lab.take("a").await.is_some());
}

#[tokio::test]
async fn a_failed_handler_and_an_ended_job_say_so() {
    let lab = Lab::new(handled(|_| Err(HandlerError("no".to_owned()))));
    let job = lab.submit().await;
    let (reason, since, until) = why(&lab, job).await.unwrap();
    assert_eq!((reason, since), (WaitReason::BackOff, NOW_MS));
    assert!(until.unwrap() > NOW_MS);
    lab.engine.cancel(&"c".into(), job).await.unwrap();
    assert_eq!(why(&lab, job).await, None);
}

#[tokio::test]
async fn what_a_worker_said_belongs_to_the_task_it_said_it_about() {
    let blueprint = Blueprint::builder("b")
        .start("start", |_| {
            Ok(Action::dispatch(Dispatch::new("t").on("success", "second")))
        })
        .state("second", |_| {
            Ok(Action::dispatch(Dispatch::new("u").on("success", "done")))
        })
        .end("done", EndAs::Completed)
        .build()
        .unwrap();
    let lab = Lab::new(blueprint);
    lab.register("a", None).await;
    let job = lab.submit().await;
    let first = lab.take("a").await.unwrap();
    let event = |handout: &avtomatika_engine::service::Handout, phase: &str| WorkerEvent {
        event_type: "progress".to_owned(),
        worker_id: "a".into(),
        target_job_id: handout.message.job_id,
        target_task_id: handout.task,
        payload: json!({"phase": phase, "progress": 0.5})
            .as_object()
            .unwrap()
            .clone(),
    };
    lab.engine.progress(event(&first, "build")).await.unwrap();
    let view = lab.view(job).await;
    assert_eq!(view.phases.len(), 1);
    assert_eq!(view.progress, Some(0.5));
    lab.report("a", &first, success()).await.unwrap();
    let view = lab.view(job).await;
    assert_eq!((view.phases.len(), view.progress), (0, None), "a new task");
    let second = lab.take("a").await.unwrap();
    lab.engine.progress(event(&second, "start")).await.unwrap();
    let names: Vec<String> = lab
        .view(job)
        .await
        .phases
        .into_iter()
        .map(|p| p.phase)
        .collect();
    assert_eq!(names, ["start"]);
    lab.report("a", &second, success()).await.unwrap();
    let view = lab.view(job).await;
    assert_eq!(
        view.phases.len(),
        1,
        "the last task's are kept with the job"
    );
    assert!(lab.engine.progress(event(&second, "late")).await.is_err());
}

type Handler = fn(&Context<'_>) -> Result<Action, HandlerError>;
type Prepare = for<'a> fn(&'a Lab, JobId) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Each reason there is: how a job comes to wait for it, since when and until when it does, and
/// what the message names.
#[tokio::test]
async fn every_reason_says_since_when_and_until_when() {
    type Row = (WaitReason, Handler, Prepare, u64, Option<u64>, &'static str);
    fn task() -> Dispatch {
        Dispatch::new("t")
            .on("success", "done")
            .result_timeout_ms(90_000)
    }
    fn nothing(_: &Lab, _: JobId) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(async {})
    }
    let rows: Vec<Row> = vec![
        (
            WaitReason::NoWorker,
            |_| Ok(Action::dispatch(task())),
            nothing,
            0,
            Some(90_000),
            "'t'",
        ),
        (
            WaitReason::WorkersSilent,
            |_| Ok(Action::dispatch(task().dispatch_timeout_ms(50_000))),
            |lab, _| {
                Box::pin(async {
                    lab.register("a", Some(1)).await;
                })
            },
            0,
            Some(50_000),
            "the last sign of life was that of 'a' 0 s ago",
        ),
        (
            WaitReason::NoneFits,
            |_| {
                let needs = Needs {
                    cpu_cores: Some(64.0),
                    ..Needs::default()
                };
                Ok(Action::dispatch(task().needs(needs)))
            },
            |lab, _| {
                Box::pin(async {
                    lab.register("a", None).await;
                })
            },
            0,
            Some(90_000),
            "cpu_cores",
        ),
        (
            WaitReason::NoneFits,
            |_| {
                Ok(Action::dispatch(
                    task().to_worker(Some("a".into())).max_cost(-1.0),
                ))
            },
            |lab, _| {
                Box::pin(async {
                    lab.register("a", None).await;
                })
            },
            0,
            Some(90_000),
            "'a'",
        ),
        (
            WaitReason::WorkerAway,
            |_| Ok(Action::dispatch(task().to_worker(Some("gone".into())))),
            nothing,
            0,
            Some(90_000),
            "'gone'",
        ),
        (
            WaitReason::WithWorker,
            |_| Ok(Action::dispatch(task().execution_timeout_ms(60_000))),
            |lab, _| {
                Box::pin(async {
                    lab.register("a", None).await;
                    lab.clock.advance(100);
                    lab.take("a").await.unwrap();
                })
            },
            100,
            Some(60_100),
            "'a'",
        ),
        (
            WaitReason::WorkersSilent,
            |_| {
                Ok(Action::dispatch(task().retry(RetryPolicy {
                    max_attempts: 2,
                    initial_ms: 0,
                    max_ms: 0,
                })))
            },
            |lab, _| {
                Box::pin(async {
                    lab.register("a", None).await;
                    lab.take("a").await.unwrap();
                    // It is ready again at once, and waits for a worker once more since then.
                    lab.clock.advance(LEASE_MS);
                    lab.register("b", None).await;
                    lab.engine.deal_with_due().await;
                })
            },
            LEASE_MS,
            Some(90_000),
            "1 of 1 workers that offer 't' could take it",
        ),
        (
            WaitReason::BackOff,
            |_| Err(HandlerError("no".to_owned())),
            nothing,
            0,
            None,
            "failed 1 times",
        ),
        (
            WaitReason::Branches,
            |_| {
                Ok(Action::parallel(
                    Parallel::new("done")
                        .task("x", task())
                        .task("y", task())
                        .timeout_ms(70_000),
                ))
            },
            |lab, _| {
                Box::pin(async {
                    lab.register("a", None).await;
                    let one = lab.take("a").await.unwrap();
                    lab.clock.advance(100);
                    lab.report("a", &one, success()).await.unwrap();
                })
            },
            0,
            Some(70_000),
            "1 of 2 branches have not ended; 'y': 1 of 1 workers that offer 't'",
        ),
        (
            WaitReason::SubJob,
            |_| {
                let run = RunBlueprint::new("sleeper", json!({})).on("success", "done");
                Ok(Action::run_blueprint(run.timeout_ms(70_000)))
            },
            nothing,
            0,
            Some(70_000),
            "'sleeper'",
        ),
        (
            WaitReason::Approval,
            |_| {
                Ok(Action::await_approval(
                    AwaitApproval::new("ship it?").on("yes", "done"),
                ))
            },
            nothing,
            0,
            None,
            "ship it?",
        ),
        (
            WaitReason::Event,
            |_| {
                Ok(Action::wait_event(
                    WaitEvent::new("paid", "done").or_after(70_000, "done"),
                ))
            },
            // Another event is kept; that does not make the wait a younger one.
            |lab, job| {
                Box::pin(async move {
                    lab.clock.advance(500);
                    lab.engine
                        .signal(&"c".into(), job, "other", json!(1))
                        .await
                        .unwrap();
                })
            },
            0,
            Some(70_000),
            "'paid'",
        ),
        (
            WaitReason::Sleep,
            |context| Ok(Action::wait_until(context.now_ms + 70_000, "done")),
            nothing,
            0,
            Some(70_000),
            "'done'",
        ),
    ];
    let mut seen = std::collections::HashSet::new();
    for (place, (reason, handler, prepare, since, until, names)) in rows.into_iter().enumerate() {
        let sleeper = Blueprint::builder("sleeper")
            .start("start", |context| {
                Ok(Action::wait_until(context.now_ms + 99_000, "done"))
            })
            .end("done", EndAs::Completed)
            .build()
            .unwrap();
        let store = Arc::new(Memory::new(LEASE_MS));
        let lab = Lab::of(store, vec![handled(handler), sleeper], |_| {});
        let job = lab.submit().await;
        prepare(&lab, job).await;
        let waiting = lab.view(job).await.waiting.expect("it waits");
        seen.insert(reason);
        assert_eq!(
            (waiting.reason, waiting.since_ms),
            (reason, NOW_MS + since),
            "row {place}: {}",
            waiting.message
        );
        if waiting.reason != WaitReason::BackOff {
            assert_eq!(waiting.until_ms, until.map(|ms| NOW_MS + ms), "row {place}");
        }
        assert!(
            waiting.message.contains(names),
            "row {place}: {}",
            waiting.message
        );
    }
    assert_eq!(seen.len(), 11, "{seen:?}");
}

/// A retried task waits since its failure, until its back-off ends.
#[tokio::test]
async fn a_back_off_says_since_when_the_attempt_failed() {
    let lab = Lab::new(one_task(|_| Dispatch::new("t")));
    lab.register("a", None).await;
    let job = lab.submit().await;
    let handout = lab.take("a").await.unwrap();
    lab.clock.advance(300);
    let failure = Outcome::failure(&Failure::new("TRANSIENT_ERROR", "no luck"));
    lab.report("a", &handout, failure).await.unwrap();
    lab.clock.advance(50);
    lab.engine
        .signal(&"c".into(), job, "other", json!(1))
        .await
        .unwrap();
    let (reason, since, until) = why(&lab, job).await.unwrap();
    assert_eq!((reason, since), (WaitReason::BackOff, NOW_MS + 300));
    let entry = lab.store.queue_entry(handout.task).await.unwrap().unwrap();
    assert_eq!(until, Some(entry.ready_at_ms));
    lab.pass(2_000).await;
    let (reason, since, _) = why(&lab, job).await.unwrap();
    assert_eq!(
        (reason, since),
        (WaitReason::WorkersSilent, entry.ready_at_ms)
    );
}
