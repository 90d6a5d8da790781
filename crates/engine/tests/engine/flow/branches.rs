//! Branches side by side: every join, with and without a state for when it can't be met.

use avtomatika_engine::blueprint::{Join, Parallel, RetryPolicy};
use avtomatika_engine::history::EventKind;
use avtomatika_engine::machine::Ignored;
use avtomatika_engine::service::Push;
use avtomatika_engine::{Action, Blueprint, Dispatch, EndAs};
use avtomatika_protocol::{JobId, JobStatus};
use serde_json::{Value, json};

use super::super::lab::{Lab, success};
use super::{Did, Did::*, Hands, lab, telling};

pub(super) fn task(number: usize) -> Dispatch {
    Dispatch::new("t")
        .param("n", number.to_string())
        .retry(RetryPolicy {
            max_attempts: 2,
            initial_ms: 1_000,
            max_ms: 1_000,
        })
}

pub(super) fn fan(parallel: impl Fn() -> Parallel + Send + Sync + 'static) -> Blueprint {
    telling("b", &["joined", "rescue"], move |_| {
        Ok(Action::parallel(parallel()))
    })
}

fn of(count: usize, join: Join, rescue: bool) -> Parallel {
    let mut parallel = Parallel::new("joined").join(join);
    for number in 0..count {
        parallel = parallel.task(number.to_string(), task(number));
    }
    if rescue {
        parallel.on_failure("rescue")
    } else {
        parallel
    }
}

pub(super) async fn begin(lab: &Lab) -> (JobId, Hands) {
    lab.register("w", None).await;
    let job = lab.submit().await;
    (job, lab.take_all("w").await)
}

/// Where the job ended and its branches' statuses, in order.
pub(super) async fn outcome(lab: &Lab, job: JobId) -> (String, Vec<String>) {
    let told = lab.told(job).await.unwrap();
    let branches = told["branches"].as_object().unwrap().values();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&told["in"]), branches.map(text).collect())
}

#[tokio::test]
async fn a_job_that_fails_for_its_join_says_so() {
    let blueprint = Blueprint::builder("b")
        .start("start", |_| {
            let parallel = of(3, Join::AtLeast(3), false).on_failure("lost");
            Ok(Action::parallel(parallel))
        })
        .end("joined", EndAs::Completed)
        .end("lost", EndAs::Failed)
        .build()
        .unwrap();
    let lab = lab(vec![blueprint]);
    let (job, hands) = begin(&lab).await;
    lab.did("w", &hands["1"], No).await;
    assert_eq!(lab.stored(job).await.state, "lost");
    assert_eq!(lab.code(job).await.as_deref(), Some("JOIN_NOT_MET"));
    let told = lab.engine.outbox(1_000).await.unwrap();
    let told = told.into_iter().flat_map(|(_, events)| events);
    let ends = told.filter(|event| event.kind == EventKind::BranchFinished);
    assert_eq!(ends.count(), 3, "those that were stopped have ended, too");
    lab.assert_over().await;
}

#[tokio::test]
async fn each_join_ends_as_soon_as_it_is_met_or_hopeless() {
    use Join::{All, Any, AtLeast};
    type Row = (
        usize,
        Join,
        bool,
        &'static [(usize, Did)],
        &'static str,
        &'static [&'static str],
    );
    const S: &str = "success";
    const F: &str = "failure";
    const C: &str = "cancelled";
    let rows: &[Row] = &[
        // branches, join, with on_failure, results in order, state, statuses
        (2, All, false, &[(1, Well), (0, Well)], "joined", &[S, S]),
        (2, All, false, &[(0, No), (1, Well)], "joined", &[F, S]),
        (
            2,
            All,
            false,
            &[(0, Permanent), (1, Invalid)],
            "joined",
            &[F, F],
        ),
        (
            2,
            All,
            false,
            &[(0, Cancelled), (1, Partly)],
            "joined",
            &[C, "partly"],
        ),
        (3, All, true, &[(0, Well), (1, No)], "rescue", &[S, F, C]),
        (3, All, true, &[(2, Cancelled)], "rescue", &[C, C, C]),
        (
            2,
            All,
            true,
            &[(0, Partly), (1, Well)],
            "joined",
            &["partly", S],
        ),
        (3, Any, false, &[(1, Well)], "joined", &[C, S, C]),
        (
            3,
            Any,
            true,
            &[(0, No), (2, Partly)],
            "joined",
            &[F, C, "partly"],
        ),
        (2, Any, false, &[(0, No), (1, No)], "joined", &[F, F]),
        (2, Any, true, &[(0, No), (1, Permanent)], "rescue", &[F, F]),
        (
            3,
            AtLeast(2),
            false,
            &[(2, Well), (0, Well)],
            "joined",
            &[S, C, S],
        ),
        (
            3,
            AtLeast(2),
            true,
            &[(2, No), (0, Well), (1, Well)],
            "joined",
            &[S, S, F],
        ),
        (
            3,
            AtLeast(2),
            true,
            &[(2, No), (1, No)],
            "rescue",
            &[C, F, F],
        ),
        (
            3,
            AtLeast(2),
            false,
            &[(2, No), (1, No)],
            "joined",
            &[C, F, F],
        ),
        (2, AtLeast(0), true, &[], "joined", &[C, C]),
        (2, AtLeast(5), true, &[], "rescue", &[C, C]),
        (2, AtLeast(5), false, &[], "joined", &[C, C]),
        (0, All, true, &[], "joined", &[]),
        (0, Any, true, &[], "joined", &[]),
        (0, AtLeast(3), false, &[], "joined", &[]),
    ];
    for row in rows {
        let (count, join, rescue, script, state, statuses) = *row;
        let lab = lab(vec![fan(move || of(count, join, rescue))]);
        let (job, hands) = begin(&lab).await;
        for (number, did) in script {
            let waits = lab.stored(job).await;
            assert_eq!(waits.status, JobStatus::WaitingForParallelTasks, "{row:?}");
            lab.did("w", &hands[&number.to_string()], *did).await;
        }
        let (ended, branches) = outcome(&lab, job).await;
        assert_eq!(
            (ended.as_str(), branches),
            (state, statuses.iter().map(|s| (*s).to_owned()).collect()),
            "{row:?}"
        );
        lab.assert_over().await;
    }
}

#[tokio::test]
async fn each_branch_has_its_own_retries() {
    let lab = lab(vec![fan(|| of(2, Join::All, true))]);
    let (job, hands) = begin(&lab).await;
    lab.did("w", &hands["0"], Transient).await;
    lab.did("w", &hands["1"], Transient).await;
    assert!(lab.take("w").await.is_none(), "both back off");
    lab.pass(1_000).await;
    let again = lab.take_all("w").await;
    assert_eq!(again["0"].message.attempt, 2);
    lab.did("w", &again["0"], Well).await;
    // The failed attempt of the first does not count for the second, and its second is its last.
    lab.did("w", &again["1"], Transient).await;
    let (state, branches) = outcome(&lab, job).await;
    assert_eq!(
        (state.as_str(), branches),
        ("rescue", vec!["success".to_owned(), "failure".to_owned()])
    );
    let stored = lab.stored(job).await;
    let failure = stored.branches[1].failure.as_ref().unwrap();
    assert!(
        failure.message.starts_with("Task failed after 2 attempts"),
        "{failure:?}"
    );
    lab.assert_over().await;
}

#[tokio::test]
async fn losers_are_told_and_their_late_results_change_nothing() {
    let lab = lab(vec![fan(|| of(3, Join::Any, false))]);
    let mut pushes = lab.engine.pushes(&"w".into());
    let (job, hands) = begin(&lab).await;
    lab.did("w", &hands["1"], Well).await;
    let mut told = Vec::new();
    while let Ok(Push::Cancel { job: of, task }) = pushes.try_recv() {
        assert_eq!(of, job);
        told.push(task);
    }
    assert_eq!(told, [hands["0"].task, hands["2"].task]);
    let before = lab.stored(job).await;
    for loser in ["0", "2"] {
        let late = lab.report("w", &hands[loser], success()).await.unwrap();
        assert_eq!(late.ignored, Some(Ignored::JobEnded));
    }
    assert_eq!(lab.stored(job).await, before);
    // The winner's result once more gets the answer it got.
    let again = lab.report("w", &hands["1"], success()).await.unwrap();
    assert_eq!(again.ignored, None);
    assert_eq!(lab.stored(job).await, before);
}

#[tokio::test]
async fn the_same_result_of_a_branch_gets_the_same_answer() {
    let lab = lab(vec![fan(|| of(2, Join::All, false))]);
    let (job, hands) = begin(&lab).await;
    for (number, did) in [("0", Well), ("1", Transient)] {
        lab.did("w", &hands[number], did).await;
        let before = lab.stored(job).await;
        lab.did("w", &hands[number], did).await;
        assert_eq!(lab.stored(job).await, before, "{number}");
    }
}

#[tokio::test]
async fn a_worker_whose_branch_is_cancelled_has_room_again() {
    let lab = lab(vec![fan(|| of(2, Join::Any, false))]);
    lab.register("one", Some(1)).await;
    lab.register("two", Some(1)).await;
    let first = lab.submit().await;
    let hand = lab.take("one").await.unwrap();
    lab.take("two").await.unwrap();
    let second = lab.submit().await;
    let engine = lab.engine.clone();
    let poll = avtomatika_engine::service::Poll {
        worker: "two".into(),
        types: None,
        wait_ms: 60_000,
    };
    let parked = tokio::spawn(async move { engine.poll(poll).await });
    while lab.engine.stats().await.unwrap().parked_polls == 0 {
        tokio::task::yield_now().await;
    }
    lab.did("one", &hand, Well).await;
    assert!(lab.stored(first).await.status.is_terminal());
    let handed = tokio::time::timeout(std::time::Duration::from_secs(5), parked).await;
    let handout = handed.expect("it was woken").unwrap().unwrap().unwrap();
    assert_eq!(handout.message.job_id, second);
}

#[tokio::test]
async fn what_branches_yield_is_the_aggregators_to_merge() {
    let blueprint = Blueprint::builder("b")
        .start("start", |_| Ok(Action::parallel(of(2, Join::All, false))))
        .state("joined", |context| {
            let sum: u64 = context
                .branches
                .iter()
                .filter_map(|branch| branch.data.as_ref()?["answer"].as_u64())
                .sum();
            assert!(context.data.is_empty(), "nothing is merged behind its back");
            assert!(
                context
                    .branches
                    .iter()
                    .all(|branch| branch.worker.is_some() && branch.task.is_some())
            );
            Ok(Action::transition("done").set("sum", sum))
        })
        .end("done", avtomatika_engine::EndAs::Completed)
        .build()
        .unwrap();
    let lab = lab(vec![blueprint]);
    let (job, hands) = begin(&lab).await;
    let view = lab.view(job).await;
    assert_eq!(
        view.branches
            .iter()
            .map(|b| b.status.as_str())
            .collect::<Vec<_>>(),
        ["running", "running"]
    );
    lab.did("w", &hands["0"], Well).await;
    assert_eq!(lab.view(job).await.branches[0].status, "success");
    lab.did("w", &hands["1"], Well).await;
    assert_eq!(lab.view(job).await.state_history["sum"], json!(84));
}
