//! What can be asked of a scheduler.

use avtomatika_protocol::JobStatus;
use avtomatika_scheduler::service::Error;
use serde_json::json;

use crate::world::{BASE_MS, HOUR_MS, Hand, MINUTE_MS, World};

const TOML: &str = r#"
[mine]
blueprint = "b"
daily_at = "03:00"
timezone = "Europe/Berlin"
client = "ann"

[other]
blueprint = "b"
interval_seconds = 3600
enabled = false
overlap = "skip"
"#;

#[tokio::test]
async fn schedules_are_shown_to_their_owners() {
    let (world, clock) = (World::new(), Hand::at(BASE_MS));
    let (mut scheduler, handle) = world.scheduler(TOML, &clock);
    scheduler.pass().await;
    let all = handle.list(None).await.unwrap();
    let names: Vec<_> = all.iter().map(|view| view.name.as_str()).collect();
    assert_eq!(names, ["mine", "other"]);
    let own = handle.list(Some(&"ann".into())).await.unwrap();
    assert_eq!(own.len(), 1);
    assert_eq!(
        json!(own[0]),
        json!({
            "name": "mine", "blueprint": "b", "client": "ann", "enabled": true,
            "spec": {"daily_at": "03:00"}, "timezone": "Europe/Berlin",
            "missed": "run_once", "overlap": "allow", "delay_ms": 0,
            "labels": {"schedule": "mine"}, "paused": null,
            "next_run": {"at_ms": BASE_MS + 2 * HOUR_MS, "at": "2026-01-01T03:00:00+01:00"},
            "waiting_since_ms": null, "last_run": null, "refused": null,
        })
    );
    assert!(all[1].next_run.is_none());
    clock.set(BASE_MS + 2 * HOUR_MS + 400);
    scheduler.pass().await;
    let last = handle.get(None, "mine").await.unwrap().last_run.unwrap();
    assert_eq!(last.planned_at_ms, BASE_MS + 2 * HOUR_MS);
    assert_eq!(last.fired_at_ms, BASE_MS + 2 * HOUR_MS + 400);
    assert_eq!(last.status, Some(JobStatus::WaitingForWorker));
    for (scope, name) in [
        (None, "none"),
        (Some("ann"), "other"),
        (Some("bob"), "mine"),
    ] {
        let scope = scope.map(Into::into);
        let error = handle.get(scope.as_ref(), name).await.unwrap_err();
        assert!(matches!(error, Error::NotFound(_)), "{error}");
        assert!(handle.run(scope.as_ref(), name, None).await.is_err());
        assert!(handle.pause(scope.as_ref(), name, "x").await.is_err());
        assert!(handle.resume(scope.as_ref(), name).await.is_err());
    }
}

#[tokio::test]
async fn a_schedule_can_be_run_now() {
    let (world, clock) = (World::new(), Hand::at(BASE_MS + 5));
    let (mut scheduler, handle) = world.scheduler(TOML, &clock);
    scheduler.pass().await;
    // Switched off or paused doesn't matter.
    let job = handle.run(None, "other", Some("k")).await.unwrap();
    assert_eq!(handle.run(None, "other", Some("k")).await.unwrap(), job);
    assert_eq!(world.jobs().len(), 1);
    let view = handle.get(None, "other").await.unwrap();
    let last = view.last_run.unwrap();
    assert_eq!((last.job_id, last.how.as_str()), (job, "manual"));
    handle.pause(None, "mine", "ann").await.unwrap();
    handle.run(None, "mine", None).await.unwrap();
    clock.advance(1);
    handle.run(None, "mine", None).await.unwrap();
    assert_eq!(world.jobs().len(), 3);
    assert_eq!(world.jobs()[1].posting.labels["schedule"], "mine");
}

#[tokio::test]
async fn a_paused_schedule_runs_nothing_and_makes_up_for_nothing() {
    let toml = "[s]\nblueprint = \"b\"\ncron = \"0 * * * *\"\nmissed = \"run_all\"\n";
    let (world, clock) = (World::new(), Hand::at(BASE_MS + MINUTE_MS));
    let (mut scheduler, handle) = world.scheduler(toml, &clock);
    scheduler.pass().await;
    let paused = handle.pause(None, "s", "root").await.unwrap();
    let shown = paused.paused.unwrap();
    assert_eq!(
        (shown.at_ms, shown.by.as_str()),
        (BASE_MS + MINUTE_MS, "root")
    );
    assert!(paused.next_run.is_none());
    for hour in 1..=4 {
        clock.set(BASE_MS + hour * HOUR_MS);
        scheduler.pass().await;
    }
    // Another client's pause doesn't take over the first one's.
    let again = handle.pause(None, "s", "other").await.unwrap();
    assert_eq!(again.paused.unwrap().by, "root");
    assert!(world.jobs().is_empty());
    let resumed = handle.resume(None, "s").await.unwrap();
    assert!(resumed.paused.is_none());
    assert_eq!(resumed.next_run.unwrap().at_ms, BASE_MS + 5 * HOUR_MS);
    clock.set(BASE_MS + 5 * HOUR_MS);
    scheduler.pass().await;
    assert_eq!(world.minutes(), [300]);
}

#[tokio::test]
async fn what_another_orchestrator_was_told_is_seen() {
    let toml = "[s]\nblueprint = \"b\"\ncron = \"* * * * *\"\n";
    let (world, clock) = (World::new(), Hand::at(BASE_MS + 1));
    let (mut here, _) = world.scheduler(toml, &clock);
    let (_, there) = world.scheduler(toml, &clock);
    here.pass().await;
    there.pause(None, "s", "root").await.unwrap();
    clock.set(BASE_MS + MINUTE_MS);
    here.pass().await;
    assert!(world.jobs().is_empty());
    there.resume(None, "s").await.unwrap();
    for second in 60..=120 {
        clock.set(BASE_MS + second * 1_000);
        here.pass().await;
    }
    assert_eq!(world.minutes(), [2]);
}
