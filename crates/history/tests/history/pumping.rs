//! From the outbox into the history, whatever happens on the way.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use avtomatika_engine::history::{EventKind, HistoryEvent};
use avtomatika_history::{History, Pump, PumpHandle, PumpOptions};
use avtomatika_protocol::{JobStatus, WorkerId};
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::db::{Db, event, id, on_both};
use crate::outbox::Outbox;
use crate::proxy::Proxy;
use crate::server;

on_both! {
    what_is_in_the_outbox_comes_into_the_history
    who_asks_does_not_wait_for_more_to_come
    a_crash_before_forgetting_writes_nothing_twice
    a_stopping_pump_empties_the_outbox
}

/// A commit of a job: two events.
pub(crate) fn commit(job: u64, version: u64) -> Vec<HistoryEvent> {
    let at = |n, kind| HistoryEvent {
        n,
        worker: Some(WorkerId::from("w1")),
        status: JobStatus::Completed,
        ..event(id(1_000, job), 1_000, version, kind)
    };
    vec![
        at(0, EventKind::TaskFinished),
        at(1, EventKind::StateEntered),
    ]
}

pub(crate) struct Running {
    pub(crate) handle: PumpHandle,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

pub(crate) fn start(outbox: &Outbox, history: &History, options: PumpOptions) -> Running {
    let (pump, handle) = Pump::new(outbox.clone(), history.clone(), options);
    let stop = CancellationToken::new();
    let task = tokio::spawn(pump.run(stop.clone()));
    Running { handle, stop, task }
}

pub(crate) fn quick() -> PumpOptions {
    PumpOptions {
        batch_commits_max: 10,
        linger: Duration::from_millis(5),
        backoff_min: Duration::from_millis(10),
        backoff_max: Duration::from_millis(100),
        ..PumpOptions::default()
    }
}

pub(crate) async fn events_of(history: &History, job: u64) -> usize {
    let events = history.events(id(1_000, job), None, 10_000).await.unwrap();
    events.events.len()
}

async fn finished(history: &History) -> u64 {
    let totals = history.worker_totals(0).await.unwrap();
    totals
        .get(&WorkerId::from("w1"))
        .map_or(0, |it| it.finished)
}

pub(crate) async fn until(mut done: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !done().await {
        assert!(began.elapsed() < Duration::from_secs(20), "it never came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn what_is_in_the_outbox_comes_into_the_history(db: Db) {
    let outbox = Outbox::default();
    for version in 1..=35 {
        outbox.put(commit(1, version));
    }
    let pump = start(&outbox, &db.history, quick());
    until(async || outbox.len() == 0).await;
    assert_eq!(events_of(&db.history, 1).await, 70);
    // By itself, later, while it sleeps.
    for version in 36..=50 {
        outbox.put(commit(1, version));
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    until(async || outbox.len() == 0).await;
    assert_eq!(events_of(&db.history, 1).await, 100);
    pump.stop.cancel();
    pump.task.await.unwrap();
}

async fn who_asks_does_not_wait_for_more_to_come(db: Db) {
    let outbox = Outbox::default();
    let slow = PumpOptions {
        linger: Duration::from_secs(60),
        look_every: Duration::from_secs(60),
        batch_commits_max: 3,
        ..PumpOptions::default()
    };
    let pump = start(&outbox, &db.history, slow);
    let began = Instant::now();
    for version in 1..=20 {
        outbox.put(commit(1, version));
        outbox.put(commit(2, version));
        assert!(pump.handle.caught_up(Duration::from_secs(10)).await);
        assert_eq!(
            events_of(&db.history, 1).await,
            usize::try_from(version).unwrap() * 2
        );
    }
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    // Many at once, each answered only after a read that came after its question.
    let mut askers = tokio::task::JoinSet::new();
    for job in 100..130 {
        let (outbox, handle, history) = (outbox.clone(), pump.handle.clone(), db.history.clone());
        askers.spawn(async move {
            outbox.put(commit(job, 1));
            assert!(handle.caught_up(Duration::from_secs(10)).await);
            assert_eq!(events_of(&history, job).await, 2);
        });
    }
    while let Some(done) = askers.join_next().await {
        done.unwrap();
    }
    pump.stop.cancel();
    pump.task.await.unwrap();
    // Nobody answers any more, and nobody waits.
    let began = Instant::now();
    assert!(!pump.handle.caught_up(Duration::from_secs(10)).await);
    assert!(began.elapsed() < Duration::from_secs(5));
}

async fn a_crash_before_forgetting_writes_nothing_twice(db: Db) {
    let outbox = Outbox::default();
    outbox.keep_all(true);
    for version in 1..=30 {
        outbox.put(commit(1, version));
    }
    let pump = start(&outbox, &db.history, quick());
    until(async || events_of(&db.history, 1).await == 20).await;
    // Dies with ten commits written and none forgotten.
    pump.task.abort();
    outbox.keep_all(false);
    let pump = start(&outbox, &db.history, quick());
    until(async || outbox.len() == 0).await;
    assert_eq!(events_of(&db.history, 1).await, 60);
    assert_eq!(finished(&db.history).await, 30);
    pump.stop.cancel();
    pump.task.await.unwrap();
}

async fn a_stopping_pump_empties_the_outbox(db: Db) {
    let outbox = Outbox::default();
    let slow = PumpOptions {
        linger: Duration::from_secs(60),
        batch_commits_max: 7,
        ..PumpOptions::default()
    };
    let pump = start(&outbox, &db.history, slow);
    tokio::time::sleep(Duration::from_millis(50)).await;
    for version in 1..=100 {
        outbox.put(commit(1, version));
    }
    pump.stop.cancel();
    pump.task.await.unwrap();
    assert_eq!(outbox.len(), 0);
    assert_eq!(events_of(&db.history, 1).await, 200);
}

/// What the log got.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn count(&self, text: &str) -> usize {
        String::from_utf8_lossy(&self.0.lock())
            .matches(text)
            .count()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The server is away from the start, comes, goes in the middle, comes again: nothing is lost,
/// nothing is there twice, and the log says each once.
#[tokio::test]
async fn a_server_that_comes_and_goes_costs_time_only() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let url = server::new_schema().await;
    let direct = History::open(url.parse().unwrap()).await.unwrap();
    let (before, rest) = url.split_once("127.0.0.1:").unwrap();
    let (port, after) = rest.split_once('/').unwrap();
    let target = format!("127.0.0.1:{port}").parse().unwrap();
    let mut road = Proxy::new(target).await;
    let history = History::new(format!("{before}{}/{after}", road.addr).parse().unwrap());

    let outbox = Outbox::default();
    let pump = start(&outbox, &history, quick());
    let mut version = 0;
    let mut put = |commits| {
        for _ in 0..commits {
            version += 1;
            outbox.put(commit(1, version));
        }
        version
    };
    put(50);
    until(async || pump.handle.is_failing()).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(outbox.len(), 50);
    // Nobody waits for a pump that fails.
    let began = Instant::now();
    assert!(!pump.handle.caught_up(Duration::from_secs(10)).await);
    assert!(began.elapsed() < Duration::from_secs(1));
    assert!(history.job(id(1_000, 1)).await.is_err());
    assert_eq!(log.count("can't be written"), 1);

    for round in 1..=3 {
        road.open().await;
        until(async || outbox.len() == 0).await;
        until(async || !pump.handle.is_failing()).await;
        assert_eq!(log.count("is being written again"), round);
        put(5);
        assert!(pump.handle.caught_up(Duration::from_secs(10)).await);
        let all = put(300);
        tokio::time::sleep(Duration::from_millis(u64::try_from(round).unwrap() * 7)).await;
        road.close();
        until(async || pump.handle.is_failing()).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(log.count("can't be written"), round + 1);
        assert!(all > 300);
    }
    road.open().await;
    until(async || outbox.len() == 0).await;
    let all = put(1);
    until(async || outbox.len() == 0).await;
    assert_eq!(
        events_of(&direct, 1).await,
        usize::try_from(all).unwrap() * 2
    );
    assert_eq!(finished(&direct).await, all);
    pump.stop.cancel();
    pump.task.await.unwrap();
}
