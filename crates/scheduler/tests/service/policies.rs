//! What runs while everything goes well.

use avtomatika_protocol::JobStatus;
use serde_json::json;

use crate::world::{BASE_MS, HOUR_MS, Hand, MINUTE_MS, World};

#[tokio::test]
async fn jobs_are_posted_at_their_times() {
    let toml = r#"
[hourly]
blueprint = "report"
cron = "0 * * * *"
input_data = { kind = "short" }
labels = { team = "ops" }

[often]
blueprint = "poll"
interval_seconds = 1200
client = "ann"
"#;
    let (world, clock) = (World::new(), Hand::at(BASE_MS + MINUTE_MS));
    let (mut scheduler, _) = world.scheduler(toml, &clock);
    for _ in 0..120 {
        scheduler.pass().await;
        clock.advance(MINUTE_MS);
    }
    let jobs = world.jobs();
    let of = |name: &str| -> Vec<u64> {
        let jobs = jobs.iter().filter(|job| job.posting.schedule == name);
        jobs.map(|job| (job.instant_ms().unwrap() - BASE_MS) / MINUTE_MS)
            .collect()
    };
    assert_eq!(of("hourly"), [60, 120]);
    // At once, then every twenty minutes.
    assert_eq!(of("often"), [1, 21, 41, 61, 81, 101]);
    let hourly = &jobs
        .iter()
        .find(|job| job.posting.schedule == "hourly")
        .unwrap()
        .posting;
    assert_eq!(hourly.blueprint, "report");
    assert_eq!(hourly.input, json!({"kind": "short"}));
    assert_eq!(hourly.client.as_str(), "internal-scheduler");
    assert_eq!(hourly.key, format!("schedule:hourly:{}", BASE_MS + HOUR_MS));
    assert_eq!(
        json!(hourly.labels),
        json!({"schedule": "hourly", "team": "ops"})
    );
    let often = &jobs
        .iter()
        .find(|job| job.posting.schedule == "often")
        .unwrap()
        .posting;
    assert_eq!((often.client.as_str(), &often.input), ("ann", &json!({})));
}

fn every_minute(overlap: &str) -> String {
    format!("[s]\nblueprint = \"b\"\ncron = \"* * * * *\"\noverlap = \"{overlap}\"\n")
}

/// The minutes that ran in ten, when the jobs end after the third and the seventh minute only.
async fn ten_minutes(overlap: &str) -> (Vec<u64>, Vec<JobStatus>) {
    let (world, clock) = (World::new(), Hand::at(BASE_MS));
    let (mut scheduler, _) = world.scheduler(&every_minute(overlap), &clock);
    for second in 0..600 {
        clock.set(BASE_MS + second * 1_000);
        scheduler.pass().await;
        if [210, 450].contains(&second) {
            world.end_all();
        }
    }
    (world.minutes(), world.statuses())
}

#[tokio::test]
async fn runs_may_overlap_be_skipped_wait_or_replace() {
    let (minutes, _) = ten_minutes("allow").await;
    assert_eq!(minutes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let (minutes, _) = ten_minutes("skip").await;
    assert_eq!(minutes, [0, 4, 8]);
    // Minute 1 waits, and so keeps 2 and 3 from waiting; 4 waits for it, and keeps 5 to 7.
    let (minutes, _) = ten_minutes("queue").await;
    assert_eq!(minutes, [0, 1, 4]);
    let (minutes, statuses) = ten_minutes("cancel").await;
    assert_eq!(minutes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    use JobStatus::{Cancelled as C, Completed as D, WaitingForWorker as W};
    assert_eq!(statuses, [C, C, C, D, C, C, C, D, C, W]);
}

#[tokio::test]
async fn nothing_is_asked_of_the_engine_while_nothing_is_due() {
    let toml = "[s]\nblueprint = \"b\"\ndaily_at = \"12:00\"\n";
    let (world, clock) = (World::new(), Hand::at(BASE_MS));
    let (mut scheduler, _) = world.scheduler(toml, &clock);
    scheduler.pass().await;
    let before = world.calls();
    for _ in 0..600 {
        clock.advance(1_000);
        scheduler.pass().await;
    }
    // One read each quarter of a minute, for what others may have changed.
    let calls = world.calls() - before;
    assert!((35..=45).contains(&calls), "{calls}");
}

#[tokio::test(start_paused = true)]
async fn the_loop_runs_what_is_due_and_ends_when_told() {
    let clock = Hand::at(BASE_MS);
    let world = World::new();
    let (scheduler, _) = world.scheduler(&every_minute("allow"), &clock);
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(scheduler.run(stop.clone()));
    for _ in 0..300 {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        clock.advance(1_000);
    }
    stop.cancel();
    running.await.unwrap();
    assert_eq!(world.minutes(), [0, 1, 2, 3, 4]);
}
