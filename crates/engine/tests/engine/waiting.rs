//! Why a job waits, and since when; and what its worker says meanwhile.

use avtomatika_engine::{Action, Blueprint, Dispatch, EndAs, HandlerError};
use avtomatika_protocol::job::WaitReason;
use avtomatika_protocol::worker::{Outcome, WorkerEvent};
use avtomatika_protocol::{Failure, JobId};
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
    assert_eq!(why(&lab, job).await.unwrap().0, WaitReason::WorkersBusy);
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
