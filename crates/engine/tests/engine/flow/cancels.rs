//! Cancelling in every state that is not an end, and what goes with it.

use avtomatika_engine::blueprint::{AwaitApproval, Parallel, RunBlueprint, WaitEvent};
use avtomatika_engine::machine::Ignored;
use avtomatika_engine::service::EngineError;
use avtomatika_engine::{Action, Context, Dispatch, HandlerError};
use avtomatika_protocol::JobStatus;
use serde_json::json;

use super::super::lab::success;
use super::branches::task;
use super::kids::kid;
use super::{Did::*, lab, telling};

type Handler = fn(&Context<'_>) -> Result<Action, HandlerError>;

#[tokio::test]
async fn a_job_is_cancelled_wherever_it_waits_and_all_that_is_its_own_with_it() {
    use JobStatus::{
        AwaitingRetry, Sleeping, WaitingForEvent, WaitingForHuman, WaitingForParallelTasks,
        WaitingForSubJob, WaitingForWorker,
    };
    fn dispatch(_: &Context<'_>) -> Result<Action, HandlerError> {
        Ok(Action::dispatch(
            Dispatch::new("t").param("n", "own").on("success", "done"),
        ))
    }
    let rows: [(JobStatus, Handler, usize, usize); 8] = [
        // where it waits, how it got there, its sub-jobs, tasks in all
        (WaitingForWorker, dispatch, 0, 1),
        (AwaitingRetry, |_| Err(HandlerError("no".to_owned())), 0, 0),
        (
            WaitingForHuman,
            |_| {
                Ok(Action::await_approval(
                    AwaitApproval::new("?").on("y", "done").timeout_ms(9_000),
                ))
            },
            0,
            0,
        ),
        (
            WaitingForEvent,
            |_| {
                Ok(Action::wait_event(
                    WaitEvent::new("e", "done").or_after(9_000, "done"),
                ))
            },
            0,
            0,
        ),
        (
            Sleeping,
            |context| Ok(Action::wait_until(context.now_ms + 9_000, "done")),
            0,
            0,
        ),
        (
            WaitingForSubJob,
            |_| {
                Ok(Action::run_blueprint(
                    RunBlueprint::new("kid", json!({"do": "task"})).timeout_ms(9_000),
                ))
            },
            1,
            1,
        ),
        (
            WaitingForSubJob,
            |_| {
                Ok(Action::run_blueprint(RunBlueprint::new(
                    "kid",
                    json!({"do": "sleep"}),
                )))
            },
            1,
            0,
        ),
        (
            WaitingForParallelTasks,
            |_| {
                let kid = RunBlueprint::new("kid", json!({"do": "task"}));
                let grand = RunBlueprint::new("middle", json!({}));
                let parallel = Parallel::new("done")
                    .task("0", task(0))
                    .task("1", task(1))
                    .timeout_ms(9_000);
                Ok(Action::parallel(
                    parallel.job("kid", kid).job("grand", grand),
                ))
            },
            3,
            4,
        ),
    ];
    for (status, handler, children, tasks) in rows {
        for taken in [false, true] {
            let middle = telling("middle", &[], |_| {
                Ok(Action::run_blueprint(RunBlueprint::new(
                    "kid",
                    json!({"do": "task", "n": "grand"}),
                )))
            });
            let lab = lab(vec![kid(), middle, telling("b", &[], handler)]);
            lab.register("w", None).await;
            let job = lab.submit().await;
            assert_eq!(lab.stored(job).await.status, status);
            let hands = if taken {
                lab.take_all("w").await
            } else {
                Default::default()
            };
            assert_eq!(hands.len(), if taken { tasks } else { 0 }, "{status:?}");
            let mut pushes = lab.engine.pushes(&"w".into());
            let stranger = lab.engine.cancel(&"d".into(), job).await;
            assert!(matches!(stranger, Err(EngineError::JobNotFound)));
            lab.engine.cancel(&"c".into(), job).await.unwrap();
            let jobs = lab.store.jobs_of(&"c".into(), 99, 0).await.unwrap();
            assert_eq!(jobs.len(), 1 + children, "{status:?}");
            for job in &jobs {
                assert_eq!(job.status, JobStatus::Cancelled, "{status:?}");
                assert!(job.work.is_none() && job.wait.is_none() && job.timer_at_ms.is_none());
            }
            let mut told = Vec::new();
            while let Ok(push) = pushes.try_recv() {
                told.push(push);
            }
            assert_eq!(told.len(), hands.len(), "each of its tasks is called off");
            for handout in hands.values() {
                let late = lab.report("w", handout, success()).await.unwrap();
                assert_eq!(late.ignored, Some(Ignored::JobEnded));
            }
            let again = lab.engine.cancel(&"c".into(), job).await;
            assert!(matches!(
                again,
                Err(EngineError::Ignored(Ignored::JobEnded))
            ));
            lab.assert_over().await;
        }
    }
}

#[tokio::test]
async fn what_has_ended_already_stays_as_it_is_when_its_parent_is_cancelled() {
    let lab = lab(vec![
        kid(),
        telling("b", &[], |_| {
            let kid = |n: &str| RunBlueprint::new("kid", json!({"do": "task", "n": n}));
            Ok(Action::parallel(
                Parallel::new("done").job("a", kid("a")).job("b", kid("b")),
            ))
        }),
    ]);
    lab.register("w", None).await;
    let job = lab.submit().await;
    let hands = lab.take_all("w").await;
    lab.did("w", &hands["a"], Well).await;
    lab.engine.cancel(&"c".into(), job).await.unwrap();
    assert_eq!(
        lab.stored(hands["a"].message.job_id).await.status,
        JobStatus::Completed
    );
    assert_eq!(
        lab.stored(hands["b"].message.job_id).await.status,
        JobStatus::Cancelled
    );
    let statuses: Vec<String> = lab
        .stored(job)
        .await
        .branches
        .iter()
        .map(|branch| branch.status.clone())
        .collect();
    assert_eq!(statuses, ["success", "cancelled"]);
    lab.assert_over().await;
}
