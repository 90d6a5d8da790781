//! Deadlines: of branches, of the whole fan-out, and of single tasks.

use avtomatika_engine::blueprint::{Join, Parallel, RetryPolicy};
use avtomatika_engine::machine::Ignored;
use avtomatika_engine::{Action, Dispatch};
use avtomatika_protocol::JobStatus;

use super::super::lab::{LEASE_MS, one_task, success};
use super::branches::{begin, fan, outcome, task};
use super::{Did::*, lab, telling};

#[tokio::test]
async fn a_branch_that_takes_too_long_has_failed_and_the_others_go_on() {
    type Bound = fn(Dispatch) -> Dispatch;
    let rows: [(Bound, bool, &str); 3] = [
        (
            |task| task.dispatch_timeout_ms(5_000),
            false,
            "DISPATCH_TIMEOUT",
        ),
        (|task| task.result_timeout_ms(5_000), true, "RESULT_TIMEOUT"),
        (
            |task| {
                task.execution_timeout_ms(5_000).retry(RetryPolicy {
                    max_attempts: 1,
                    initial_ms: 1,
                    max_ms: 1,
                })
            },
            true,
            "EXECUTION_TIMEOUT",
        ),
    ];
    for (bound, taken, code) in rows {
        let lab = lab(vec![fan(move || {
            let slow = bound(Dispatch::new("u").param("n", "slow"));
            Parallel::new("joined")
                .task("slow", slow)
                .task("0", task(0))
        })]);
        lab.register("w", None).await;
        let job = lab.submit().await;
        let hands = if taken {
            lab.take_all("w").await
        } else {
            let poll = avtomatika_engine::service::Poll {
                worker: "w".into(),
                types: Some(["t".into()].into()),
                wait_ms: 0,
            };
            let only = lab.engine.poll(poll).await.unwrap().unwrap();
            [("0".to_owned(), only)].into()
        };
        lab.pass(4_999).await;
        assert_eq!(lab.stored(job).await.branches.len(), 0, "{code}: too early");
        lab.pass(1).await;
        assert_eq!(
            lab.stored(job).await.status,
            JobStatus::WaitingForParallelTasks,
            "{code}"
        );
        if taken {
            let late = lab.report("w", &hands["slow"], success()).await.unwrap();
            assert_eq!(late.ignored, Some(Ignored::StaleTask), "{code}");
        }
        lab.did("w", &hands["0"], Well).await;
        let (_, statuses) = outcome(&lab, job).await;
        // Statuses come sorted by name: "0", then "slow".
        assert_eq!(statuses, ["success", "failure"], "{code}");
        let stored = lab.stored(job).await;
        let failure = stored.branches[0].failure.as_ref().unwrap();
        assert_eq!(failure.code.as_deref(), Some(code));
        lab.assert_over().await;
    }
}

#[tokio::test]
async fn a_fan_out_that_takes_too_long_goes_on_without_the_rest() {
    for (rescue, state) in [(true, "rescue"), (false, "joined")] {
        let lab = lab(vec![fan(move || {
            let parallel = Parallel::new("joined").join(Join::All).timeout_ms(5_000);
            let parallel = parallel
                .task("0", task(0))
                .task("1", task(1))
                .task("2", task(2));
            if rescue {
                parallel.on_failure("rescue")
            } else {
                parallel
            }
        })]);
        let (job, hands) = begin(&lab).await;
        lab.did("w", &hands["1"], Well).await;
        lab.pass(4_999).await;
        assert!(!lab.stored(job).await.status.is_terminal());
        lab.pass(1).await;
        let (ended, statuses) = outcome(&lab, job).await;
        assert_eq!(
            (ended.as_str(), statuses),
            (
                state,
                ["timeout", "success", "timeout"]
                    .map(str::to_owned)
                    .to_vec()
            )
        );
        let late = lab.report("w", &hands["0"], success()).await.unwrap();
        assert_eq!(late.ignored, Some(Ignored::JobEnded));
        lab.assert_over().await;
    }
}

#[tokio::test]
async fn a_result_timeout_counts_from_the_queue_through_all_attempts() {
    for (mapped, status) in [(false, JobStatus::Failed), (true, JobStatus::Completed)] {
        let lab = lab(vec![telling("b", &["rescue"], move |_| {
            let task = Dispatch::new("t")
                .on("success", "done")
                .result_timeout_ms(10_000);
            Ok(Action::dispatch(if mapped {
                task.on("failure", "rescue")
            } else {
                task
            }))
        })]);
        lab.register("w", None).await;
        let job = lab.submit().await;
        lab.pass(4_000).await;
        let first = lab.take("w").await.unwrap();
        lab.did("w", &first, Transient).await;
        lab.pass(2_000).await;
        let second = lab.take("w").await.unwrap();
        lab.pass(3_999).await;
        assert_eq!(lab.stored(job).await.status, JobStatus::WaitingForWorker);
        lab.pass(1).await;
        assert_eq!(lab.stored(job).await.status, status);
        let late = lab.report("w", &second, success()).await.unwrap();
        assert_eq!(late.ignored, Some(Ignored::JobEnded));
        let code = lab
            .stored(job)
            .await
            .last_task
            .clone()
            .and_then(|task| task.failure)
            .and_then(|f| f.code);
        assert_eq!(code.as_deref(), Some("RESULT_TIMEOUT"));
        lab.assert_over().await;
    }
}

#[tokio::test]
async fn a_task_that_was_answered_in_time_has_no_result_timeout() {
    let lab = lab(vec![one_task(|_| {
        Dispatch::new("t").result_timeout_ms(10_000)
    })]);
    lab.register("w", None).await;
    let job = lab.submit().await;
    let handout = lab.take("w").await.unwrap();
    lab.pass(9_999).await;
    lab.did("w", &handout, Well).await;
    assert_eq!(lab.stored(job).await.status, JobStatus::Completed);
    lab.assert_over().await;
}

#[tokio::test]
async fn a_lost_branch_goes_to_the_next_worker_and_the_old_result_is_stale() {
    let lab = lab(vec![fan(|| {
        Parallel::new("joined")
            .task("0", task(0))
            .task("1", task(1))
    })]);
    let (job, hands) = begin(&lab).await;
    lab.did("w", &hands["1"], Well).await;
    lab.pass(LEASE_MS).await;
    lab.register("v", None).await;
    let again = lab.take("v").await.unwrap();
    assert_eq!((again.task, again.message.attempt), (hands["0"].task, 2));
    let late = lab.report("w", &hands["0"], success()).await.unwrap();
    assert_eq!(late.ignored, Some(Ignored::StaleTask));
    lab.did("v", &again, Well).await;
    let stored = lab.stored(job).await;
    assert_eq!(stored.branches[0].worker, Some("v".into()));
    lab.assert_over().await;
}
