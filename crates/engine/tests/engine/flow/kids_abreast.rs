//! Sub-jobs side by side: joined, stopped, and ended before they began.

use std::sync::Arc;

use avtomatika_engine::blueprint::{Join, Parallel, RunBlueprint};
use avtomatika_engine::machine::{Ignored, Wait};
use avtomatika_protocol::JobStatus;
use serde_json::json;

use super::super::lab::success;
use super::kids::kid;
use super::{Did::*, lab, lab_with};

#[tokio::test]
async fn sub_jobs_as_branches_succeed_fail_and_are_stopped() {
    let blueprint = super::branches::fan(|| {
        let kid = |does: &str| RunBlueprint::new("kid", json!({"do": does}));
        Parallel::new("joined")
            .join(Join::AtLeast(2))
            .job("now", kid("complete"))
            .job("bad", kid("fail"))
            .job("slow", kid("task"))
            .task("own", super::branches::task(7))
    });
    let lab = lab(vec![kid(), blueprint]);
    lab.register("w", None).await;
    let job = lab.submit().await;
    let hands = lab.take_all("w").await;
    assert_eq!(hands.len(), 2, "the kid's and its own");
    lab.did("w", &hands["7"], Well).await;
    let told = lab.told(job).await.unwrap();
    assert_eq!(
        told["branches"],
        json!({"now": "success", "bad": "failure", "slow": "cancelled", "own": "success"})
    );
    let late = lab.report("w", &hands["kid"], success()).await.unwrap();
    assert_eq!(late.ignored, Some(Ignored::JobEnded));
    assert_eq!(
        lab.stored(hands["kid"].message.job_id).await.status,
        JobStatus::Cancelled
    );
    lab.assert_over().await;
}

/// The first branch has queued its task when the second one makes the join hopeless, all in the
/// commit that makes the job.
#[tokio::test]
async fn branches_may_end_in_the_commit_that_began_them() {
    let blueprint = super::branches::fan(|| {
        let kid = |does: &str| RunBlueprint::new("kid", json!({"do": does}));
        let parallel = Parallel::new("joined").on_failure("rescue");
        parallel
            .job("slow", kid("task"))
            .task("own", super::branches::task(7))
            .job("bad", kid("fail"))
    });
    let lab = lab(vec![kid(), blueprint]);
    lab.register("w", None).await;
    let job = lab.submit().await;
    let told = lab.told(job).await.unwrap();
    assert_eq!(
        (&told["in"], &told["branches"]),
        (
            &json!("rescue"),
            &json!({"slow": "cancelled", "own": "cancelled", "bad": "failure"})
        )
    );
    assert!(lab.take("w").await.is_none(), "nothing is left to do");
    lab.assert_over().await;
}

/// A join that can't be met from the start makes no sub-jobs.
#[tokio::test]
async fn a_hopeless_fan_out_leaves_no_sub_jobs_behind() {
    let blueprint = super::branches::fan(|| {
        let kid = RunBlueprint::new("kid", json!({"do": "task"}));
        Parallel::new("joined")
            .join(Join::AtLeast(3))
            .job("a", kid.clone())
            .job("b", kid)
    });
    let lab = lab(vec![kid(), blueprint]);
    let job = lab.submit().await;
    assert_eq!(
        lab.told(job).await.unwrap()["branches"],
        json!({"a": "cancelled", "b": "cancelled"})
    );
    assert_eq!(lab.store.jobs_of(&"c".into(), 9, 0).await.unwrap().len(), 1);
    lab.assert_over().await;
}

#[tokio::test]
async fn many_sub_jobs_that_end_at_once_are_all_joined() {
    let blueprint = super::branches::fan(|| {
        (0..40).fold(Parallel::new("joined"), |parallel, number| {
            parallel.job(
                format!("{number:02}"),
                RunBlueprint::new("kid", json!({"do": "task", "n": number.to_string()})),
            )
        })
    });
    let lab = Arc::new(lab(vec![kid(), blueprint]));
    lab.register("w", None).await;
    let job = lab.submit().await;
    let hands = lab.take_all("w").await;
    assert_eq!(hands.len(), 40);
    let mut reports = tokio::task::JoinSet::new();
    for handout in hands.into_values() {
        let lab = Arc::clone(&lab);
        reports.spawn(async move { lab.did("w", &handout, Well).await });
    }
    reports.join_all().await;
    let told = lab.told(job).await.unwrap();
    assert!(
        told["branches"]
            .as_object()
            .unwrap()
            .values()
            .all(|status| status == "success")
    );
    lab.assert_over().await;
}

#[tokio::test]
async fn sub_jobs_count_among_the_jobs_under_way() {
    let blueprint = super::branches::fan(|| {
        (0..5).fold(Parallel::new("joined"), |parallel, number| {
            let kid = RunBlueprint::new("kid", json!({"do": "task"}));
            parallel.job(number.to_string(), kid)
        })
    });
    let lab = lab_with(vec![kid(), blueprint], |settings| {
        settings.live_jobs_per_client_max = 4;
    });
    let job = lab.submit().await;
    let job = lab.stored(job).await;
    let refused = |code: &str| {
        let Some(Wait::Fork(fork)) = job.wait.as_deref() else {
            panic!("{job:?}");
        };
        let results = fork
            .branches
            .iter()
            .filter_map(|branch| branch.result.as_ref());
        let failures = results.filter_map(|result| result.failure.as_ref());
        failures
            .filter(|failure| failure.code.as_deref() == Some(code))
            .count()
    };
    assert_eq!(lab.store.live_jobs(), 4, "the job and three of its five");
    assert_eq!(refused("SUB_JOB_REFUSED"), 2);
}
