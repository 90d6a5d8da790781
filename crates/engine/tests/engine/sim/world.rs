//! Workers, the network between all and the engine, and the time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use avtomatika_engine::machine::Job;
use avtomatika_engine::service::{EngineError, Poll, Reported};
use avtomatika_protocol::JobId;
use avtomatika_protocol::worker::ResultMessage;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use tokio::task::{JoinHandle, JoinSet};

use super::blueprint::{blueprint, input};
use super::worker::Worker;
use crate::lab::{Lab, registration};
use crate::stretched::{Break, Stretched};

const LEASE_MS: u64 = 5_000;
pub(super) const JOBS: usize = 6;
const STORM_TICKS: u32 = 160;
/// Far more than enough: a job that has not ended by then never will.
const CALM_TICKS: u32 = 2_000;

/// What happened, to see that the storm was one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(super) completed: u64,
    pub(super) broken: u64,
    pub(super) cancelled: u64,
    pub(super) crashes: u64,
    pub(super) broken_connections: u64,
    pub(super) stale_results: u64,
    pub(super) lost_handouts: u64,
    pub(super) failed_commits: u64,
    pub(super) conflicts_of_keys: u64,
    pub(super) children: u64,
    pub(super) early_events: u64,
    pub(super) decisions: u64,
    pub(super) decisions_refused: u64,
    pub(super) restarts: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.completed += other.completed;
        self.broken += other.broken;
        self.cancelled += other.cancelled;
        self.crashes += other.crashes;
        self.broken_connections += other.broken_connections;
        self.stale_results += other.stale_results;
        self.lost_handouts += other.lost_handouts;
        self.failed_commits += other.failed_commits;
        self.conflicts_of_keys += other.conflicts_of_keys;
        self.children += other.children;
        self.early_events += other.early_events;
        self.decisions += other.decisions;
        self.decisions_refused += other.decisions_refused;
        self.restarts += other.restarts;
    }

    pub(crate) fn assert_eventful(&self) {
        for (count, name) in [
            (self.completed, "completed"),
            (self.broken, "broken"),
            (self.cancelled, "cancelled"),
            (self.crashes, "crashes"),
            (self.broken_connections, "broken connections"),
            (self.stale_results, "stale results"),
            (self.lost_handouts, "lost hand-outs"),
            (self.failed_commits, "failed commits"),
            (self.conflicts_of_keys, "repeated submits"),
            (self.children, "sub-jobs"),
            (self.early_events, "early events"),
            (self.decisions, "decisions"),
            (self.decisions_refused, "refused decisions"),
            (self.restarts, "restarts"),
        ] {
            assert!(count > 0, "no {name} in any run: {self:?}");
        }
    }
}

pub(crate) struct World {
    pub(super) lab: Lab,
    pub(super) store: Arc<Stretched>,
    pub(super) dice: StdRng,
    storming: bool,
    pub(super) workers: Vec<Worker>,
    /// What each job is posted with.
    pub(super) inputs: Vec<Value>,
    /// Keys of submits no answer has come for.
    pub(super) unanswered: Vec<usize>,
    pub(super) accepted: BTreeMap<usize, JobId>,
    /// Jobs somebody will decide for once more, when it is too late.
    pub(super) late: Vec<Arc<Job>>,
    /// Messages of workers that have died since.
    strays: Vec<ResultMessage>,
    /// Second copies of messages, under way.
    copies: JoinSet<Result<Reported, EngineError>>,
    clockwork: Option<JoinHandle<usize>>,
    pub(crate) tally: Tally,
}

impl World {
    pub(crate) async fn new(seed: u64, broken: Option<Break>) -> Self {
        let store = Arc::new(Stretched::broken(LEASE_MS, seed, broken));
        let lab = Lab::on(Arc::clone(&store) as Arc<_>, blueprint(), |settings| {
            settings.lease_ms = LEASE_MS;
            settings.history = true;
            settings.heartbeat_interval_ms = 1_000;
            settings.broken_connection_grace_ms = 1_000;
            settings.poll_timeout_ms = 100_000_000;
        });
        let workers = vec![
            Worker::new("a", 1, false),
            Worker::new("b", 3, false),
            Worker::new("old", 2, true),
        ];
        let mut dice = StdRng::seed_from_u64(seed ^ 0x5eed);
        Self {
            lab,
            store,
            inputs: (0..JOBS).map(|_| input(&mut dice)).collect(),
            dice,
            storming: true,
            workers,
            late: Vec::new(),
            unanswered: (0..JOBS).collect(),
            accepted: BTreeMap::new(),
            strays: Vec::new(),
            copies: JoinSet::new(),
            clockwork: None,
            tally: Tally::default(),
        }
    }

    pub(crate) async fn storm(&mut self) {
        self.store.failing.store(4, Ordering::Relaxed);
        for _ in 0..STORM_TICKS {
            self.tick().await;
        }
    }

    /// No more faults: whatever was accepted must now come to its end.
    pub(crate) async fn calm(&mut self) {
        self.storming = false;
        self.store.failing.store(0, Ordering::Relaxed);
        for _ in 0..CALM_TICKS {
            self.tick().await;
            let ended = self.store.jobs().iter().all(|job| job.status.is_terminal());
            if ended && self.accepted.len() == JOBS {
                return;
            }
        }
    }

    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.storming && self.dice.random_range(0..100) < percent
    }

    /// Runs a request. Its connection may break at any moment: then nobody knows what came of it.
    pub(super) async fn send<T: Send + 'static>(
        &mut self,
        request: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        if self.chance(10) {
            return None;
        }
        let request = tokio::spawn(request);
        if self.chance(15) {
            for _ in 0..self.dice.random_range(0..15) {
                tokio::task::yield_now().await;
            }
            self.tally.broken_connections += 1;
            request.abort();
        }
        let answer = request.await.ok();
        if self.chance(10) { None } else { answer }
    }

    async fn tick(&mut self) {
        let ms = self.dice.random_range(0..400);
        self.lab.clock.advance(ms);
        tokio::time::advance(Duration::from_millis(ms)).await;
        if self.chance(1) {
            self.restart();
        }
        if self.clockwork.as_ref().is_none_or(JoinHandle::is_finished) {
            let engine = self.lab.engine.clone();
            self.clockwork = Some(tokio::spawn(async move { engine.deal_with_due().await }));
        }
        self.clients().await;
        for place in 0..self.workers.len() {
            self.worker(place).await;
        }
        for _ in 0..self.dice.random_range(0..10) {
            tokio::task::yield_now().await;
        }
        if !self.strays.is_empty() && self.dice.random_range(0..8) == 0 {
            let stray = self.strays.swap_remove(0);
            self.report(stray).await;
        }
    }

    /// The engine dies, and another one goes on with what is stored.
    fn restart(&mut self) {
        self.tally.restarts += 1;
        if let Some(clockwork) = self.clockwork.take() {
            clockwork.abort();
        }
        for worker in &mut self.workers {
            if let Some(poll) = worker.poll.take() {
                poll.abort();
            }
        }
        self.lab.restart(vec![blueprint()], None);
    }

    async fn worker(&mut self, place: usize) {
        let now_ms = self.lab.engine.now_ms();
        let engine = self.lab.engine.clone();
        if self.chance(2) {
            let until_ms = now_ms + self.dice.random_range(0..8_000);
            let sent = self.workers[place].crash(until_ms);
            self.tally.crashes += 1;
            self.strays.extend(sent);
        }
        if let Some(until_ms) = self.workers[place].down_until_ms {
            let (name, max) = (self.workers[place].name, self.workers[place].max);
            let up = until_ms <= now_ms;
            if up
                && let Some(Ok(_)) = self
                    .send(async move { engine.register(registration(name, Some(max))).await })
                    .await
            {
                self.workers[place].down_until_ms = None;
            }
            return;
        }
        self.beat(place).await;
        self.deliver(place).await;
        self.work(place);
        self.poll(place).await;
    }

    async fn beat(&mut self, place: usize) {
        if self.dice.random_range(0..4) > 0 {
            return;
        }
        let engine = self.lab.engine.clone();
        let name = self.workers[place].name;
        let beat = self.workers[place].heartbeat();
        let answer = self
            .send(async move { engine.heartbeat(&name.into(), beat).await })
            .await;
        if let Some(Ok(told)) = answer {
            let mut stop = told.answer.cancel_task_ids;
            stop.extend(told.answer.lost_task_ids);
            let worker = &mut self.workers[place];
            worker.running.retain(|(task, ..)| !stop.contains(task));
        }
    }

    /// Sends a result. Without an answer it is sent again; sometimes it is although there was one.
    async fn deliver(&mut self, place: usize) {
        if self.workers[place].outbox.is_empty() || self.chance(40) {
            return;
        }
        let message = self.workers[place].outbox[0].clone();
        let answered = self.report(message).await;
        if answered && !self.chance(20) {
            self.workers[place].outbox.remove(0);
        }
    }

    async fn report(&mut self, message: ResultMessage) -> bool {
        let engine = self.lab.engine.clone();
        // The network may deliver a message twice, both copies at once.
        if self.chance(10) {
            let (engine, copy) = (engine.clone(), message.clone());
            self.copies.spawn(async move { engine.report(copy).await });
        }
        match self.send(async move { engine.report(message).await }).await {
            Some(Ok(reported)) => {
                self.tally.stale_results += u64::from(reported.ignored.is_some());
                true
            }
            Some(Err(_)) => {
                self.tally.failed_commits += 1;
                false
            }
            None => false,
        }
    }

    fn work(&mut self, place: usize) {
        let running = self.workers[place].running.len();
        if running > 0 && self.dice.random_range(0..3) == 0 {
            let done = self.dice.random_range(0..running);
            let well = !self.chance(10);
            self.workers[place].end(done, well);
        }
    }

    async fn poll(&mut self, place: usize) {
        if let Some(poll) = self.workers[place].poll.take() {
            if self.chance(5) {
                poll.abort();
                self.tally.broken_connections += 1;
            } else if !poll.is_finished() {
                self.workers[place].poll = Some(poll);
                return;
            }
            // An answer on its way when the connection broke is an answer nobody got.
            let lost = self.chance(10);
            match poll.await {
                Ok(Ok(Some(_))) if lost => self.tally.lost_handouts += 1,
                Ok(Ok(Some(handout))) => self.workers[place].begin(&handout),
                Ok(Err(_)) => self.workers[place].down_until_ms = Some(0),
                Ok(Ok(None)) | Err(_) => {}
            }
        }
        let worker = &mut self.workers[place];
        if worker.running.len() < worker.max as usize && self.dice.random_range(0..2) == 0 {
            let (engine, name) = (self.lab.engine.clone(), worker.name);
            // In the calm polls wait for ever: a wake-up that is lost then is a job that never ends.
            let poll = Poll {
                worker: name.into(),
                types: None,
                wait_ms: if self.storming { 3_000 } else { u64::MAX },
            };
            worker.poll = Some(tokio::spawn(async move { engine.poll(poll).await }));
        }
    }

    /// The run in short, to compare two of them.
    pub(crate) fn trace(&self) -> String {
        let mut jobs = self.store.jobs();
        jobs.sort_by_key(|job| job.id);
        format!("{:?} {jobs:?}", self.tally)
    }
}
