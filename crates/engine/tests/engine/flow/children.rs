//! Sub-jobs: their parent is resumed once, whatever way they end.

use std::sync::Arc;

use avtomatika_engine::blueprint::RunBlueprint;
use avtomatika_engine::machine::{Ignored, Job};
use avtomatika_engine::{Action, Blueprint};
use avtomatika_protocol::{JobId, JobStatus};
use serde_json::{Value, json};

use super::super::lab::{Lab, success};
use super::kids::{kid, parent, parent_of};
use super::{Did, Did::*, lab, lab_with};

/// The one sub-job of a job.
async fn child_of(lab: &Lab, job: JobId) -> Arc<Job> {
    let jobs = lab.store.jobs_of(&"c".into(), 100, 0).await.unwrap();
    let mut children = jobs.into_iter().filter(|other| other.parent == Some(job));
    let child = children.next().expect("it has a sub-job");
    assert!(children.next().is_none(), "one sub-job");
    child
}

/// How often the history says that the job's sub-job has ended.
async fn resumed(lab: &Lab, job: JobId) -> usize {
    let told = lab.engine.outbox(1_000).await.unwrap();
    let events = told.iter().flat_map(|(_, events)| events);
    events
        .filter(|event| {
            event.job_id == job
                && event.kind == avtomatika_engine::history::EventKind::SubJobFinished
        })
        .count()
}

#[tokio::test]
async fn a_parent_is_resumed_once_however_its_sub_job_ends() {
    // What the kid does, how its worker answers, how it ends, and what it comes to.
    let rows: &[(&str, Option<Did>, &str, Value)] = &[
        ("complete", None, "completed", json!(5)),
        ("fail", None, "failed", json!({"kept": 1})),
        ("vanish", None, "quarantined", json!({})),
        ("task", Some(Well), "completed", json!({"answer": 42})),
        ("task", Some(No), "failed", json!({})),
        ("task", Some(Permanent), "quarantined", json!({})),
        ("task", Some(Cancelled), "cancelled", json!({})),
    ];
    for (does, did, status, result) in rows {
        let named = |run: RunBlueprint| {
            let run = run.on("completed", "completed").on("failed", "failed");
            run.on("cancelled", "cancelled")
                .on("quarantined", "quarantined")
        };
        let broad = |run: RunBlueprint| run.on("success", "success").on("failure", "failure");
        let none = |run: RunBlueprint| run;
        let is_well = *status == "completed";
        let without = match *status {
            "completed" | "failed" | "quarantined" => JobStatus::Failed,
            _ => JobStatus::Cancelled,
        };
        type Transitions = fn(RunBlueprint) -> RunBlueprint;
        let cases: [(Transitions, Option<&str>); 3] = [
            (named, Some(status)),
            (broad, Some(if is_well { "success" } else { "failure" })),
            (none, None),
        ];
        for (transitions, state) in cases {
            let does_text = (*does).to_owned();
            let lab = lab(vec![
                kid(),
                parent(move || {
                    transitions(RunBlueprint::new("kid", json!({"do": does_text})).save_as("kids"))
                }),
            ]);
            lab.register("w", None).await;
            let job = lab.submit().await;
            if let Some(did) = did {
                let waits = lab.stored(job).await;
                assert_eq!(waits.status, JobStatus::WaitingForSubJob);
                let handout = lab.take("w").await.unwrap();
                lab.did("w", &handout, *did).await;
                let before = lab.stored(job).await;
                let again = lab.report("w", &handout, did.outcome()).await.unwrap();
                assert_eq!(again.ignored, None, "the same answer again");
                assert_eq!(lab.stored(job).await, before);
            }
            let (child, parent) = (child_of(&lab, job).await, lab.stored(job).await);
            assert_eq!(child.status.as_str(), *status, "{does} {did:?}");
            assert_eq!((child.depth, child.owner()), (1, parent.owner()));
            assert_eq!(resumed(&lab, job).await, 1, "{does} {did:?}");
            match state {
                Some(state) => {
                    let told = lab.told(job).await.unwrap();
                    assert_eq!(told["in"], json!(state), "{does} {did:?}");
                    assert_eq!(told["child"], json!([status, result]), "{does} {did:?}");
                    assert_eq!(told["data"]["kids"], *result);
                    assert_eq!(parent.failure, None);
                }
                None => assert_eq!(parent.status, without, "{does} {did:?}"),
            }
            lab.assert_over().await;
        }
    }
}

#[tokio::test]
async fn a_sub_job_cancelled_by_its_client_resumes_its_parent() {
    let lab = lab(vec![kid(), parent_of("task")]);
    lab.register("w", None).await;
    let job = lab.submit().await;
    let handout = lab.take("w").await.unwrap();
    lab.engine
        .cancel(&"c".into(), handout.message.job_id)
        .await
        .unwrap();
    assert_eq!(lab.told(job).await.unwrap()["in"], json!("failure"));
    assert_eq!(resumed(&lab, job).await, 1);
    let late = lab.report("w", &handout, success()).await.unwrap();
    assert_eq!(late.ignored, Some(Ignored::JobEnded));
    lab.assert_over().await;
}

#[tokio::test]
async fn a_sub_job_that_takes_too_long_is_stopped_and_told_no_more() {
    for (mapped, status) in [(true, JobStatus::Completed), (false, JobStatus::Failed)] {
        let lab = lab(vec![
            kid(),
            parent(move || {
                let run = RunBlueprint::new("kid", json!({"do": "task"})).timeout_ms(5_000);
                if mapped {
                    run.on("timeout", "rescue")
                } else {
                    run.on("success", "success")
                }
            }),
        ]);
        lab.register("w", None).await;
        let job = lab.submit().await;
        let handout = lab.take("w").await.unwrap();
        lab.pass(4_999).await;
        assert_eq!(lab.stored(job).await.status, JobStatus::WaitingForSubJob);
        lab.pass(1).await;
        let stored = lab.stored(job).await;
        assert_eq!(stored.status, status);
        assert_eq!(stored.child.as_ref().unwrap().status, "timeout");
        assert_eq!(child_of(&lab, job).await.status, JobStatus::Cancelled);
        let late = lab.report("w", &handout, success()).await.unwrap();
        assert_eq!(late.ignored, Some(Ignored::JobEnded));
        assert_eq!(resumed(&lab, job).await, 1);
        assert_eq!(*lab.stored(job).await, *stored);
        lab.assert_over().await;
    }
}

#[tokio::test]
async fn a_sub_job_that_cannot_be_made_has_failed() {
    let refusing = Blueprint::builder("refusing")
        .check_input(|_, _| Err(avtomatika_protocol::Failure::new("TOO_BAD", "no")))
        .start("start", |_| Ok(Action::transition("done")))
        .end("done", avtomatika_engine::EndAs::Completed)
        .build()
        .unwrap();
    for (name, version, code) in [
        ("nobody", None, "SUB_JOB_REFUSED"),
        ("kid", Some("v9"), "SUB_JOB_REFUSED"),
        ("refusing", None, "TOO_BAD"),
    ] {
        let lab = lab(vec![
            kid(),
            refusing.clone(),
            parent(move || {
                let mut run = RunBlueprint::new(name, json!({})).on("failure", "broken");
                run.version = version.map(str::to_owned);
                run
            }),
        ]);
        let job = lab.submit().await;
        let stored = lab.stored(job).await;
        assert_eq!(stored.status, JobStatus::Failed, "{name}");
        assert_eq!(lab.code(job).await.as_deref(), Some(code), "{name}");
        assert_eq!(lab.store.jobs_of(&"c".into(), 9, 0).await.unwrap().len(), 1);
        lab.assert_over().await;
    }
}

#[tokio::test]
async fn what_is_nested_too_deep_fails_and_all_above_it_learn_of_it() {
    let recursive = super::telling("b", &["success"], |_| {
        let run = RunBlueprint::new("b", json!({}))
            .on("success", "success")
            .on("failure", "broken");
        Ok(Action::run_blueprint(run))
    });
    let lab = lab_with(vec![recursive], |settings| settings.depth_max = 3);
    let job = lab.submit().await;
    let jobs = lab.store.jobs_of(&"c".into(), 99, 0).await.unwrap();
    let mut depths: Vec<u32> = jobs.iter().map(|job| job.depth).collect();
    depths.sort_unstable();
    assert_eq!(depths, [0, 1, 2, 3]);
    assert!(jobs.iter().all(|job| job.status == JobStatus::Failed));
    assert_eq!(lab.code(job).await.as_deref(), Some("LIMIT_EXCEEDED"));
    lab.assert_over().await;
}

#[tokio::test]
async fn a_grandchild_resumes_its_parent_and_that_one_its_own() {
    let middle = super::telling("middle", &["success"], |_| {
        let run = RunBlueprint::new("kid", json!({"do": "task"}));
        Ok(Action::run_blueprint(
            run.on("success", "success").on("failure", "broken"),
        ))
    });
    for (did, state) in [(Well, "success"), (Permanent, "failure")] {
        let lab = lab(vec![
            kid(),
            middle.clone(),
            parent(|| {
                RunBlueprint::new("middle", json!({}))
                    .on("success", "success")
                    .on("failure", "failure")
            }),
        ]);
        lab.register("w", None).await;
        let job = lab.submit().await;
        let handout = lab.take("w").await.unwrap();
        lab.did("w", &handout, did).await;
        assert_eq!(lab.told(job).await.unwrap()["in"], json!(state));
        let grandchild = lab.stored(handout.message.job_id).await;
        assert_eq!(grandchild.depth, 2);
        for job in [job, grandchild.parent.unwrap()] {
            assert_eq!(resumed(&lab, job).await, 1);
            assert_eq!(lab.stored(job).await.version, 2, "one commit for all three");
        }
        lab.assert_over().await;
    }
}

#[tokio::test]
async fn a_circle_through_sub_jobs_is_stopped_by_the_loop_guard() {
    for does in ["complete", "fail"] {
        let circle = Blueprint::builder("b")
            .start("start", move |_| {
                let run = RunBlueprint::new("kid", json!({"do": does}));
                Ok(Action::run_blueprint(
                    run.on("success", "start").on("failure", "start"),
                ))
            })
            .end("done", avtomatika_engine::EndAs::Completed)
            .build()
            .unwrap();
        let lab = lab_with(vec![kid(), circle], |settings| {
            settings.transitions_max = 20;
        });
        let job = lab.submit().await;
        assert_eq!(lab.stored(job).await.status, JobStatus::Failed);
        assert_eq!(lab.code(job).await.as_deref(), Some("MAX_TRANSITIONS"));
        lab.assert_over().await;
    }
}

/// A circle that pauses for a moment each time is a circle all the same.
#[tokio::test]
async fn a_circle_through_dozing_sub_jobs_is_stopped_by_the_loop_guard() {
    let circle = Blueprint::builder("b")
        .start("start", |_| {
            let run = RunBlueprint::new("kid", json!({"do": "doze"}));
            Ok(Action::run_blueprint(run.on("success", "start")))
        })
        .end("done", avtomatika_engine::EndAs::Completed)
        .build()
        .unwrap();
    let lab = lab_with(vec![kid(), circle], |settings| {
        settings.transitions_max = 20;
    });
    let job = lab.submit().await;
    for _ in 0..50 {
        lab.pass(10).await;
    }
    assert_eq!(lab.code(job).await.as_deref(), Some("MAX_TRANSITIONS"));
    lab.assert_over().await;
}
