//! Jobs set aside: listed, released, given up, run again.

use std::sync::Arc;

use avtomatika_engine::blueprint::{Client, RetryPolicy, RunBlueprint};
use avtomatika_engine::machine::Ignored;
use avtomatika_engine::service::{Allowance, EngineError, NewJob, WEBHOOK_TASK};
use avtomatika_engine::{Action, Blueprint, Dispatch, EndAs, HandlerError};
use avtomatika_protocol::{JobId, JobStatus};
use serde_json::{Value, json};

use super::super::lab::{Lab, client};
use super::kids::{kid, parent_of};
use super::{Did::*, lab};

fn fragile() -> Blueprint {
    Blueprint::builder("b")
        .start("start", |_| Ok(Action::transition("work").set("seen", 1)))
        .state("work", |_| {
            let retry = RetryPolicy {
                max_attempts: 2,
                initial_ms: 1_000,
                max_ms: 1_000,
            };
            Ok(Action::dispatch(
                Dispatch::new("t").retry(retry).on("success", "done"),
            ))
        })
        .end("done", EndAs::Completed)
        .build()
        .unwrap()
}

async fn set_aside(lab: &Lab) -> JobId {
    lab.register("w", None).await;
    let job = lab.submit().await;
    let handout = lab.take("w").await.unwrap();
    lab.did("w", &handout, Permanent).await;
    assert_eq!(lab.stored(job).await.status, JobStatus::Quarantined);
    job
}

#[tokio::test]
async fn a_released_job_does_the_step_that_failed_once_more() {
    let lab = lab(vec![fragile()]);
    let job = set_aside(&lab).await;
    let second = set_aside(&lab).await;
    assert_eq!(
        lab.engine.quarantined(None, 9).await.unwrap(),
        [second, job]
    );
    assert_eq!(
        lab.engine.quarantined(Some(&"c".into()), 1).await.unwrap(),
        [second]
    );
    assert!(
        lab.engine
            .quarantined(Some(&"d".into()), 9)
            .await
            .unwrap()
            .is_empty()
    );
    let stranger = lab.engine.release(Some(&"d".into()), job).await;
    assert!(matches!(stranger, Err(EngineError::JobNotFound)));
    lab.engine.release(None, job).await.unwrap();
    assert_eq!(lab.engine.quarantined(None, 9).await.unwrap(), [second]);
    let stored = lab.stored(job).await;
    assert_eq!(
        (stored.status, stored.retry_count, &stored.failure),
        (JobStatus::WaitingForWorker, 0, &None)
    );
    assert_eq!(
        (stored.state.as_str(), &stored.data["seen"]),
        ("work", &json!(1))
    );
    assert_eq!(lab.store.live_jobs(), 1);
    let again = lab.engine.release(None, job).await;
    assert!(matches!(
        again,
        Err(EngineError::Ignored(Ignored::NotQuarantined))
    ));
    let handout = lab.take("w").await.unwrap();
    lab.did("w", &handout, Transient).await;
    assert_eq!(
        lab.stored(job).await.retry_count,
        1,
        "all its attempts are there again"
    );
    lab.pass(1_000).await;
    let handout = lab.take("w").await.unwrap();
    lab.did("w", &handout, Well).await;
    assert_eq!(lab.stored(job).await.status, JobStatus::Completed);
    lab.engine.discard(Some(&"c".into()), second).await.unwrap();
    assert_eq!(lab.stored(second).await.status, JobStatus::Cancelled);
    assert!(lab.engine.quarantined(None, 9).await.unwrap().is_empty());
    let again = lab.engine.discard(None, second).await;
    assert!(matches!(
        again,
        Err(EngineError::Ignored(Ignored::NotQuarantined))
    ));
    lab.assert_over().await;
    assert_eq!(
        lab.engine.purge(u64::MAX).await.unwrap(),
        2,
        "each is there once"
    );
}

#[tokio::test]
async fn a_released_job_may_end_at_once_again() {
    for (then, status) in [
        ("nowhere", JobStatus::Quarantined),
        ("done", JobStatus::Completed),
    ] {
        let flag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = std::sync::Arc::clone(&flag);
        let lab = lab(vec![super::telling("b", &[], move |_| {
            let again = seen.swap(true, std::sync::atomic::Ordering::SeqCst);
            Ok(Action::transition(if again { then } else { "nowhere" }))
        })]);
        let new = NewJob {
            webhook_url: Some("https://example.com/end".to_owned()),
            ..NewJob::new("b", client(), json!({}))
        };
        let job = lab.engine.submit(new).await.unwrap().job;
        assert_eq!(lab.stored(job).await.status, JobStatus::Quarantined);
        lab.engine.release(None, job).await.unwrap();
        assert_eq!(lab.stored(job).await.status, status);
        let aside = lab.engine.quarantined(None, 9).await.unwrap();
        assert_eq!(aside.len(), usize::from(status == JobStatus::Quarantined));
        assert_eq!(lab.store.live_jobs_of(&"c".into()), 0);
        // Both of its ends are told.
        let registration =
            serde_json::from_value(json!({"worker_id": "post", "supported_tasks": [WEBHOOK_TASK]}));
        lab.engine.register(registration.unwrap()).await.unwrap();
        let mut told = Vec::new();
        while let Some(handout) = lab.take("post").await {
            let params: Value = serde_json::from_str(handout.message.params.get()).unwrap();
            told.push(params["body"]["status"].as_str().unwrap().to_owned());
            lab.did("post", &handout, Well).await;
        }
        assert_eq!(told, ["quarantined", status.as_str()]);
        lab.assert_over().await;
    }
}

#[tokio::test]
async fn a_released_sub_job_does_not_resume_its_parent_again() {
    let lab = lab(vec![kid(), parent_of("task")]);
    lab.register("w", None).await;
    let job = lab.submit().await;
    let handout = lab.take("w").await.unwrap();
    lab.did("w", &handout, Permanent).await;
    let parent = lab.stored(job).await;
    assert!(parent.status.is_terminal());
    lab.engine
        .release(None, handout.message.job_id)
        .await
        .unwrap();
    let again = lab.take("w").await.unwrap();
    lab.did("w", &again, Well).await;
    assert_eq!(
        lab.stored(handout.message.job_id).await.status,
        JobStatus::Completed
    );
    assert_eq!(lab.stored(job).await, parent);
    lab.assert_over().await;
}

#[tokio::test]
async fn only_what_has_ended_runs_again_from_a_state_with_what_it_had() {
    let lab = lab(vec![fragile()]);
    let client = client();
    lab.register("w", None).await;
    let job = lab.submit().await;
    let live = lab
        .engine
        .rerun(&client, job, None, Allowance::default())
        .await;
    assert!(matches!(live, Err(EngineError::NotEnded)));
    let handout = lab.take("w").await.unwrap();
    lab.did("w", &handout, Permanent).await;
    let unknown = lab
        .engine
        .rerun(&client, job, Some("done"), Allowance::default())
        .await;
    assert!(matches!(unknown, Err(EngineError::UnknownState(state)) if state == "done"));
    let stranger = lab
        .engine
        .rerun(
            &Arc::new(Client::new("d".into(), "d")),
            job,
            None,
            Allowance::default(),
        )
        .await;
    assert!(matches!(stranger, Err(EngineError::JobNotFound)));
    // Where it failed; the first state by name; what has completed, from the beginning.
    for state in [None, Some("work"), Some("start")] {
        let again = lab
            .engine
            .rerun(&client, job, state, Allowance::default())
            .await
            .unwrap()
            .job;
        let stored = lab.stored(again).await;
        assert_ne!(again, job);
        assert_eq!(
            (stored.rerun_of, &stored.data["seen"], stored.state.as_str()),
            (Some(job), &json!(1), "work")
        );
        let handout = lab.take("w").await.unwrap();
        assert_eq!(handout.message.job_id, again);
        lab.did("w", &handout, Well).await;
        assert_eq!(lab.stored(again).await.status, JobStatus::Completed);
        let from_start = lab
            .engine
            .rerun(&client, again, None, Allowance::default())
            .await
            .unwrap()
            .job;
        let handout = lab.take("w").await.unwrap();
        assert_eq!(handout.message.job_id, from_start);
        lab.did("w", &handout, Well).await;
    }
    assert_eq!(
        lab.stored(job).await.status,
        JobStatus::Quarantined,
        "the old one stays as it is"
    );
    lab.assert_over().await;
}

#[tokio::test]
async fn a_handler_that_fails_too_often_sets_its_sub_job_aside_and_the_parent_goes_on() {
    let broken = Blueprint::builder("broken")
        .start("start", |_| Err(HandlerError("no".to_owned())))
        .end("done", EndAs::Completed)
        .build()
        .unwrap();
    let lab = lab(vec![
        broken,
        super::kids::parent(|| RunBlueprint::new("broken", json!({})).on("quarantined", "rescue")),
    ]);
    let job = lab.submit().await;
    for _ in 0..4 {
        lab.pass(60_000).await;
    }
    assert_eq!(lab.told(job).await.unwrap()["in"], json!("rescue"));
    assert_eq!(lab.engine.quarantined(None, 9).await.unwrap().len(), 1);
    lab.assert_over().await;
}

#[tokio::test]
async fn a_client_that_is_trusted_no_more_cannot_repeat_what_it_did_for_others() {
    let lab = lab(vec![fragile()]);
    lab.register("w", None).await;
    let mut trusted = Client::new("c".into(), "u");
    trusted.trusted = true;
    let new = NewJob::new("b", Arc::new(trusted), json!({"user_id": "somebody"}));
    let job = lab.engine.submit(new).await.unwrap().job;
    let handout = lab.take("w").await.unwrap();
    lab.did("w", &handout, Permanent).await;
    let refused = lab
        .engine
        .rerun(&client(), job, None, Allowance::default())
        .await;
    let Err(EngineError::Refused(failure)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(failure.code.as_deref(), Some("FOREIGN_USER_ID"));
}
