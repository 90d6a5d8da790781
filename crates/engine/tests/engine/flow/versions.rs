//! Versions: jobs stay on the blueprint they began with.

use std::sync::Arc;

use avtomatika_engine::blueprint::RunBlueprint;
use avtomatika_engine::service::{EngineError, InstallError, NewJob, Resolver};
use avtomatika_engine::{Action, Blueprint, Dispatch, EndAs};
use avtomatika_protocol::{JobId, JobStatus};
use serde_json::json;

use super::super::lab::{Lab, client};
use super::{Did::*, lab};

/// A version that says which one it is at the end.
fn flow(version: &str) -> Blueprint {
    let said = version.to_owned();
    Blueprint::builder("flow")
        .version(version)
        .source(format!("source of {version}"))
        .endpoint("/flow")
        .start("start", |_| {
            Ok(Action::dispatch(Dispatch::new("t").on("success", "say")))
        })
        .state("say", move |_| {
            Ok(Action::finish(EndAs::Completed, Some(json!(said))))
        })
        .end("done", EndAs::Completed)
        .build()
        .unwrap()
}

struct FromSource;

impl Resolver for FromSource {
    fn resolve(&self, name: &str, version: &str, source: &str) -> Result<Blueprint, String> {
        assert_eq!(
            (name, source),
            ("flow", format!("source of {version}").as_str())
        );
        Ok(flow(version))
    }
}

async fn submit(lab: &Lab) -> JobId {
    lab.engine
        .submit(NewJob::new("flow", client(), json!({})))
        .await
        .unwrap()
        .job
}

async fn finish(lab: &Lab, job: JobId) -> String {
    let handout = lab.take("w").await.unwrap();
    assert_eq!(handout.message.job_id, job);
    lab.did("w", &handout, Well).await;
    lab.told(job).await.unwrap().as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_running_job_stays_on_its_version_when_a_new_one_is_put_in() {
    let lab = lab(vec![]);
    lab.register("w", None).await;
    lab.engine.install(flow("v1")).await.unwrap();
    let old = submit(&lab).await;
    lab.engine.install(flow("v2")).await.unwrap();
    let new = submit(&lab).await;
    assert_eq!(lab.view(old).await.blueprint_version, "v1");
    assert_eq!(finish(&lab, old).await, "v1");
    assert_eq!(finish(&lab, new).await, "v2");
    assert_eq!(lab.engine.blueprint("flow").unwrap().version, "v2");
    assert_eq!(
        lab.engine.blueprint_at(None, "/flow").unwrap().version,
        "v2"
    );
    // Back to the first one: its source is there already.
    lab.engine.install(flow("v1")).await.unwrap();
    let again = submit(&lab).await;
    assert_eq!(finish(&lab, again).await, "v1");
}

#[tokio::test]
async fn a_running_job_finds_its_version_after_a_restart_with_another() {
    let mut lab = lab(vec![]);
    lab.register("w", None).await;
    lab.engine.install(flow("v1")).await.unwrap();
    let old = submit(&lab).await;
    lab.restart(vec![], Some(Arc::new(FromSource)));
    lab.engine.install(flow("v2")).await.unwrap();
    lab.clock.advance(1);
    let new = submit(&lab).await;
    assert_eq!(finish(&lab, old).await, "v1");
    assert_eq!(finish(&lab, new).await, "v2");
}

#[tokio::test]
async fn without_its_version_a_job_waits_for_it_and_nothing_is_lost() {
    let mut lab = lab(vec![]);
    lab.register("w", None).await;
    lab.engine.install(flow("v1")).await.unwrap();
    let old = submit(&lab).await;
    lab.restart(vec![], None);
    lab.engine.install(flow("v2")).await.unwrap();
    let handout = lab.take("w").await.unwrap();
    let refused = lab.report("w", &handout, Well.outcome()).await;
    assert!(matches!(refused, Err(EngineError::UnknownBlueprint(name)) if name == "flow"));
    assert_eq!(lab.stored(old).await.status, JobStatus::WaitingForWorker);
    lab.restart(vec![], Some(Arc::new(FromSource)));
    lab.did("w", &handout, Well).await;
    assert_eq!(lab.told(old).await, Some(json!("v1")));
}

#[tokio::test]
async fn one_that_was_taken_out_takes_no_jobs_but_ends_those_it_has() {
    let lab = lab(vec![]);
    lab.register("w", None).await;
    lab.engine.install(flow("v1")).await.unwrap();
    let job = submit(&lab).await;
    assert!(lab.engine.remove("flow"));
    assert!(!lab.engine.remove("flow"));
    let refused = lab
        .engine
        .submit(NewJob::new("flow", client(), json!({})))
        .await;
    assert!(matches!(refused, Err(EngineError::UnknownBlueprint(_))));
    assert_eq!(finish(&lab, job).await, "v1");
}

#[tokio::test]
async fn an_endpoint_belongs_to_one_blueprint() {
    let lab = lab(vec![]);
    lab.engine.install(flow("v1")).await.unwrap();
    let mut other = flow("v1");
    other.name = "other".to_owned();
    let refused = lab.engine.install(other).await;
    assert!(matches!(refused, Err(InstallError::EndpointTaken { other, .. }) if other == "flow"));
}

#[tokio::test]
async fn a_sub_job_may_name_an_old_version() {
    let mut lab = lab(vec![]);
    lab.register("w", None).await;
    lab.engine.install(flow("v1")).await.unwrap();
    let parent = super::kids::parent(|| {
        let mut run = RunBlueprint::new("flow", json!({})).on("success", "success");
        run.version = Some("v1".to_owned());
        run
    });
    lab.restart(vec![parent], Some(Arc::new(FromSource)));
    lab.engine.install(flow("v2")).await.unwrap();
    let job = lab.submit().await;
    let handout = lab.take("w").await.unwrap();
    lab.did("w", &handout, Well).await;
    assert_eq!(
        lab.told(job).await.unwrap()["child"],
        json!(["completed", "v1"])
    );
}

#[tokio::test]
async fn a_version_names_one_text_over_restarts() {
    let mut lab = lab(vec![]);
    lab.register("w", None).await;
    lab.engine.install(flow("v1")).await.unwrap();
    let old = submit(&lab).await;
    let mut changed = flow("v1");
    changed.source = Some("another text".into());
    lab.restart(vec![], Some(Arc::new(FromSource)));
    let refused = lab.engine.install(changed).await;
    assert!(matches!(refused, Err(InstallError::OtherText { version, .. }) if version == "v1"));
    // Jobs under way go on with what it was used with.
    assert_eq!(finish(&lab, old).await, "v1");
}
