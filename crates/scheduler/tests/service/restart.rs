//! What runs when things go wrong.

use avtomatika_scheduler::Scheduler;

use crate::world::{BASE_MS, Fault, HOUR_MS, Hand, MINUTE_MS, World};

fn hourly(more: &str) -> String {
    format!("[s]\nblueprint = \"b\"\ncron = \"0 * * * *\"\n{more}")
}

/// Runs from midnight to half past one, is away until ten past five, and runs on to half past six.
async fn away(more: &str) -> Vec<u64> {
    let (world, clock) = (World::new(), Hand::at(BASE_MS));
    let toml = hourly(more);
    for (from, until) in [(1, 90), (310, 390)] {
        let (mut scheduler, _) = world.scheduler(&toml, &clock);
        for minute in from..=until {
            clock.set(BASE_MS + minute * MINUTE_MS);
            scheduler.pass().await;
        }
    }
    world.minutes()
}

#[tokio::test]
async fn missed_runs_are_made_up_for_as_the_policy_says() {
    assert_eq!(away("").await, [60, 300, 360]);
    assert_eq!(away("missed = \"run_once\"").await, [60, 300, 360]);
    assert_eq!(away("missed = \"skip\"").await, [60, 360]);
    assert_eq!(
        away("missed = \"run_all\"").await,
        [60, 120, 180, 240, 300, 360]
    );
    let bounded = away("missed = \"run_all\"\nmissed_max = 2").await;
    assert_eq!(bounded, [60, 240, 300, 360]);
}

#[tokio::test]
async fn an_interval_goes_on_counting_through_a_restart() {
    let toml = "[s]\nblueprint = \"b\"\ninterval_seconds = 600\n";
    let (world, clock) = (World::new(), Hand::at(BASE_MS));
    for (from, until) in [(0, 25), (33, 45)] {
        let (mut scheduler, _) = world.scheduler(toml, &clock);
        for minute in from..=until {
            clock.set(BASE_MS + minute * MINUTE_MS);
            scheduler.pass().await;
        }
    }
    assert_eq!(world.minutes(), [0, 10, 20, 30, 40]);
}

#[tokio::test]
async fn a_crash_at_any_call_makes_neither_two_jobs_nor_none() {
    // A turn that posts has four calls: read, write, post, write.
    for fault in [Fault::Before, Fault::After] {
        for nth in 0..4 {
            let (world, clock) = (World::new(), Hand::at(BASE_MS + 1));
            let toml = hourly("overlap = \"skip\"");
            let (mut scheduler, _) = world.scheduler(&toml, &clock);
            scheduler.pass().await;
            clock.set(BASE_MS + HOUR_MS);
            let mut faults = vec![Fault::None; nth];
            faults.push(fault);
            world.fail_next(&faults);
            scheduler.pass().await;
            let (mut next, _) = world.scheduler(&toml, &clock);
            next.pass().await;
            next.pass().await;
            assert_eq!(world.minutes(), [60], "{fault:?} at call {nth}");
            let record = world.record("s");
            assert!(record.get("firing").is_none(), "{record}");
            assert!(record["last"]["job"].is_string(), "{record}");
        }
    }
}

#[tokio::test]
async fn a_failure_is_tried_again_after_a_pause() {
    let (world, clock) = (World::new(), Hand::at(BASE_MS + 1));
    let (mut scheduler, _) = world.scheduler(&hourly(""), &clock);
    scheduler.pass().await;
    clock.set(BASE_MS + HOUR_MS);
    world.fail_next(&[Fault::Before; 3]);
    let before = world.calls();
    for _ in 0..3 {
        scheduler.pass().await;
        scheduler.pass().await;
    }
    assert_eq!(world.calls() - before, 1);
    for _ in 0..10 {
        clock.advance(1_000);
        scheduler.pass().await;
    }
    assert_eq!(world.minutes(), [60]);
}

#[tokio::test]
async fn a_refused_run_is_written_down_and_not_tried_again() {
    let (world, clock) = (World::new(), Hand::at(BASE_MS + 1));
    let (mut scheduler, handle) = world.scheduler(&hourly(""), &clock);
    scheduler.pass().await;
    world.refuse(Some("no blueprint named 'b'"));
    clock.set(BASE_MS + HOUR_MS);
    scheduler.pass().await;
    world.refuse(None);
    clock.advance(30_000);
    scheduler.pass().await;
    assert!(world.jobs().is_empty());
    let view = handle.get(None, "s").await.unwrap();
    let refused = view.refused.unwrap();
    assert_eq!(refused.at_ms, BASE_MS + HOUR_MS);
    assert_eq!(refused.reason, "no blueprint named 'b'");
    clock.set(BASE_MS + 2 * HOUR_MS);
    scheduler.pass().await;
    assert_eq!(world.minutes(), [120]);
    assert!(handle.get(None, "s").await.unwrap().refused.is_none());
}

#[tokio::test]
async fn a_clock_put_back_or_far_ahead_runs_nothing_twice() {
    let (world, clock) = (World::new(), Hand::at(BASE_MS + 1));
    let (mut scheduler, handle) = world.scheduler(&hourly(""), &clock);
    let show = async |scheduler: &mut Scheduler, minute: u64| {
        clock.set(BASE_MS + minute * MINUTE_MS);
        scheduler.pass().await;
        world.minutes()
    };
    show(&mut scheduler, 1).await;
    assert_eq!(show(&mut scheduler, 60).await, [60]);
    assert_eq!(show(&mut scheduler, 30).await, [60]);
    assert_eq!(show(&mut scheduler, 60).await, [60]);
    assert_eq!(show(&mut scheduler, 120).await, [60, 120]);
    // Ahead for a moment, by ten days: it runs once, and then waits for that day.
    assert_eq!(show(&mut scheduler, 14_400).await, [60, 120, 14_400]);
    assert_eq!(show(&mut scheduler, 180).await, [60, 120, 14_400]);
    let next = handle.get(None, "s").await.unwrap().next_run.unwrap();
    assert_eq!(next.at_ms, BASE_MS + 14_460 * MINUTE_MS);
    // Whoever sees that can call it back.
    handle.resume(None, "s").await.unwrap();
    assert_eq!(show(&mut scheduler, 240).await, [60, 120, 14_400, 240]);
}

#[tokio::test]
async fn two_schedulers_make_one_job_of_each_run() {
    for overlap in ["allow", "skip", "queue", "cancel"] {
        let (world, clock) = (World::new(), Hand::at(BASE_MS + 1));
        let toml = hourly(&format!("overlap = \"{overlap}\""));
        let (mut a, _) = world.scheduler(&toml, &clock);
        let (mut b, _) = world.scheduler(&toml, &clock);
        for hour in 0..5 {
            clock.set(BASE_MS + hour * HOUR_MS + 1);
            tokio::join!(a.pass(), b.pass());
            world.end_all();
        }
        assert_eq!(world.minutes(), [60, 120, 180, 240], "{overlap}");
        assert!(world.jobs().iter().all(|job| !job.met_another));
    }
}

#[tokio::test]
async fn orchestrators_with_different_files_do_not_keep_each_other_from_running() {
    let world = World::new();
    let clock = Hand::at(BASE_MS + 1);
    let (mut old, _) = world.scheduler(&hourly(""), &clock);
    let other = "[s]\nblueprint = \"b\"\ncron = \"30 * * * *\"\n";
    let (mut new, _) = world.scheduler(other, &clock);
    for minute in 1..=150 {
        clock.set(BASE_MS + minute * MINUTE_MS);
        old.pass().await;
        new.pass().await;
    }
    assert_eq!(world.minutes(), [30, 60, 90, 120, 150]);
}
