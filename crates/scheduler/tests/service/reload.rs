//! The file changes while the scheduler runs.

use std::sync::Arc;

use avtomatika_scheduler::service::OpenError;
use avtomatika_scheduler::{Handle, Options, Scheduler, Source};

use crate::world::{BASE_MS, HOUR_MS, Hand, MINUTE_MS, World};

struct Desk {
    world: Arc<World>,
    clock: Arc<Hand>,
    path: std::path::PathBuf,
    scheduler: Scheduler,
    handle: Handle,
    _dir: tempfile::TempDir,
}

impl Desk {
    fn new(toml: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("schedules.toml");
        std::fs::write(&path, toml).unwrap();
        let (world, clock) = (World::new(), Hand::at(BASE_MS));
        let source = Source::File(path.clone());
        let mut options = Options::new(Arc::clone(&world) as Arc<_>, source);
        options.clock = Arc::clone(&clock) as Arc<_>;
        let (scheduler, handle) = options.build().unwrap();
        Self {
            world,
            clock,
            path,
            scheduler,
            handle,
            _dir: dir,
        }
    }

    async fn write(&mut self, toml: &str) {
        std::fs::write(&self.path, toml).unwrap();
        self.scheduler.look_at_file().await;
    }

    /// Passes every minute up to this one.
    async fn until(&mut self, from: u64, until: u64) -> Vec<u64> {
        for minute in from..=until {
            self.clock.set(BASE_MS + minute * MINUTE_MS);
            self.scheduler.pass().await;
        }
        self.world.minutes()
    }
}

fn table(rule: &str) -> String {
    format!("[s]\nblueprint = \"b\"\n{rule}\n")
}

#[tokio::test]
async fn a_changed_rule_holds_from_then_on() {
    let mut desk = Desk::new(&table("cron = \"0 * * * *\""));
    assert_eq!(desk.until(1, 90).await, [60]);
    // Ten past has been: not made up for.
    desk.write(&table("cron = \"10 * * * *\"")).await;
    assert_eq!(desk.until(90, 190).await, [60, 130, 190]);
    // Faster: counted from the last run.
    desk.write(&table("interval_seconds = 1800")).await;
    assert_eq!(desk.until(191, 251).await, [60, 130, 190, 220, 250]);
}

#[tokio::test]
async fn a_broken_file_keeps_the_old_schedules() {
    let mut desk = Desk::new(&table("cron = \"0 * * * *\""));
    desk.until(1, 1).await;
    desk.write(&table("cron = \"0 * *\"\nblueprintt = 3")).await;
    assert_eq!(desk.until(1, 60).await, [60]);
    let problems = desk.handle.file().problems;
    assert_eq!(problems.len(), 2);
    assert_eq!(problems[0].line, Some(3));
    std::fs::remove_file(&desk.path).unwrap();
    desk.scheduler.look_at_file().await;
    assert_eq!(desk.until(61, 120).await, [60, 120]);
    assert_eq!(desk.handle.file().problems.len(), 1);
    desk.write(&table("cron = \"0 * * * *\"")).await;
    assert!(desk.handle.file().problems.is_empty());
    assert_eq!(desk.until(121, 180).await, [60, 120, 180]);
}

#[tokio::test]
async fn what_is_switched_off_or_taken_away_makes_up_for_nothing() {
    let on = table("cron = \"0 * * * *\"\nmissed = \"run_all\"");
    for off in [format!("{on}enabled = false\n"), String::new()] {
        let mut desk = Desk::new(&on);
        assert_eq!(desk.until(1, 60).await, [60]);
        desk.write(&off).await;
        assert_eq!(desk.until(61, 200).await, [60]);
        desk.write(&on).await;
        assert_eq!(desk.until(201, 240).await, [60, 240]);
        // Nor across a restart.
        desk.write(&off).await;
        desk.until(241, 400).await;
        let mut options = Options::new(
            Arc::clone(&desk.world) as Arc<_>,
            Source::File(desk.path.clone()),
        );
        options.clock = Arc::clone(&desk.clock) as Arc<_>;
        std::fs::write(&desk.path, &on).unwrap();
        (desk.scheduler, desk.handle) = options.build().unwrap();
        assert_eq!(desk.until(401, 420).await, [60, 240, 420]);
    }
}

#[tokio::test]
async fn new_schedules_begin() {
    let mut desk = Desk::new("");
    assert!(desk.handle.list(None).await.unwrap().is_empty());
    desk.write(&table("interval_seconds = 3600")).await;
    desk.clock.set(BASE_MS + HOUR_MS / 2);
    desk.scheduler.pass().await;
    assert_eq!(desk.world.minutes(), [30]);
}

#[test]
fn a_file_that_is_wrong_at_the_start_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("schedules.toml");
    let open = || Options::new(World::new() as Arc<_>, Source::File(path.clone())).build();
    assert!(matches!(open().err(), Some(OpenError::Unreadable(_))));
    std::fs::write(&path, "[a]\ncron = 1\n").unwrap();
    let error = open().err().unwrap().to_string();
    assert!(
        error.contains("line 1: [a] blueprint: is missing"),
        "{error}"
    );
    assert!(
        error.contains("line 2: [a] cron: must be a text"),
        "{error}"
    );
}
