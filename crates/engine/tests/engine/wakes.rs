//! Wake-ups are never lost: many polls, submits, results and aborts in random order, and whenever
//! everything has come to rest, no poll may still wait for a task it could have.

use std::sync::Arc;

use avtomatika_engine::Dispatch;
use avtomatika_engine::service::{EngineError, Handout, Poll};
use avtomatika_engine::storage::QueueEntry;
use avtomatika_protocol::JobId;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tokio::task::JoinHandle;

use super::lab::{LEASE_MS, Lab, message, one_task, registration, success};
use super::stretched::Stretched;

const WORKERS: [(&str, Option<u32>); 3] = [("a", Some(1)), ("b", Some(2)), ("c", None)];

/// A poll under way, and the one type it is for, if it is for one.
struct Parked {
    name: &'static str,
    only: Option<&'static str>,
    poll: Polling,
}

type Polling = JoinHandle<Result<Option<Handout>, EngineError>>;

struct Storm {
    lab: Lab,
    store: Arc<Stretched>,
    dice: StdRng,
    polls: Vec<Parked>,
    running: Vec<(&'static str, Handout)>,
    jobs: Vec<JobId>,
    /// Workers that have left and come back. A poll under way when they left may have got one
    /// more task for the worker nothing was known of then.
    came_back: Vec<&'static str>,
    log: Vec<String>,
}

impl Storm {
    async fn new(seed: u64) -> Self {
        let store = Arc::new(Stretched::new(LEASE_MS, seed));
        let blueprint = one_task(|context| {
            let text = |key: &str| context.input[key].as_str();
            let mut dispatch = Dispatch::new(text("type").unwrap_or("t"))
                .to_worker(text("worker").map(Into::into));
            dispatch.priority = i32::try_from(context.input["priority"].as_i64().unwrap()).unwrap();
            dispatch
        });
        let lab = Lab::on(Arc::clone(&store) as Arc<_>, blueprint, |_| {});
        for (name, max) in WORKERS {
            lab.register(name, max).await;
        }
        Self {
            lab,
            store,
            dice: StdRng::seed_from_u64(seed),
            polls: Vec::new(),
            running: Vec::new(),
            jobs: Vec::new(),
            came_back: Vec::new(),
            log: Vec::new(),
        }
    }

    fn one_in(&mut self, of: u32) -> bool {
        self.dice.random_range(0..of) == 0
    }

    fn worker(&mut self) -> (&'static str, Option<u32>) {
        WORKERS[self.dice.random_range(0..WORKERS.len())]
    }

    /// Lets everybody run a little, then perhaps drops what is not done: its caller has gone.
    async fn drop_some<T>(&mut self, work: JoinHandle<T>) -> Option<T> {
        for _ in 0..self.dice.random_range(0..12) {
            tokio::task::yield_now().await;
        }
        if self.one_in(3) {
            self.log.push("…and its caller goes away".to_owned());
            work.abort();
        }
        work.await.ok()
    }

    async fn act(&mut self) {
        let engine = self.lab.engine.clone();
        match self.dice.random_range(0..16) {
            0..=3 => {
                let input = json!({
                    "type": if self.one_in(2) { "t" } else { "u" },
                    "worker": if self.one_in(4) { Some(self.worker().0) } else { None },
                    "priority": self.dice.random_range(0..2),
                });
                self.log.push(format!("submit {input}"));
                let new = Lab::new_job(input, None);
                let work = tokio::spawn(async move { engine.submit(new).await });
                if let Some(submitted) = self.drop_some(work).await {
                    self.jobs.push(submitted.unwrap().job);
                }
            }
            4..=8 => {
                let (name, _) = self.worker();
                self.log.push(format!("{name} polls"));
                let only = match self.dice.random_range(0..4) {
                    0 => Some("t"),
                    1 => Some("u"),
                    _ => None,
                };
                let poll = Poll {
                    worker: name.into(),
                    types: only.map(|only| Arc::from([Arc::from(only)])),
                    wait_ms: u64::MAX,
                };
                let poll = tokio::spawn(async move { engine.poll(poll).await });
                self.polls.push(Parked { name, only, poll });
            }
            9 | 10 if !self.polls.is_empty() => {
                let gone = self.dice.random_range(0..self.polls.len());
                let Parked { name, poll, .. } = self.polls.swap_remove(gone);
                self.log.push(format!("a poll of {name} goes away"));
                poll.abort();
                if let Ok(Ok(Some(handout))) = poll.await {
                    self.running.push((name, handout));
                }
            }
            11 | 12 if !self.running.is_empty() => {
                let done = self.dice.random_range(0..self.running.len());
                let (name, handout) = self.running.swap_remove(done);
                self.log.push(format!("{name} reports {}", handout.lease));
                let message = message(name, &handout, success());
                let work = tokio::spawn(async move { engine.report(message).await });
                if self.drop_some(work).await.is_none() {
                    // Whether it was taken is not known: it is sent again later.
                    self.running.push((name, handout));
                }
            }
            13 if !self.running.is_empty() => {
                let back = self.dice.random_range(0..self.running.len());
                let (name, handout) = self.running.swap_remove(back);
                self.log
                    .push(format!("{} does not reach {name}", handout.lease));
                self.lab.engine.hand_back(handout.task, handout.lease).await;
            }
            14 if !self.jobs.is_empty() => {
                let job = self.jobs[self.dice.random_range(0..self.jobs.len())];
                self.log.push(format!("cancel {job}"));
                let work = tokio::spawn(async move { engine.cancel(&"c".into(), job).await });
                self.drop_some(work).await;
            }
            15 if self.one_in(3) => {
                let (name, max) = self.worker();
                self.log.push(format!("{name} leaves and comes back"));
                self.came_back.push(name);
                let work = tokio::spawn({
                    let engine = engine.clone();
                    async move { engine.dismiss(&name.into()).await }
                });
                if self.drop_some(work).await.is_some() {
                    self.running.retain(|(other, _)| *other != name);
                }
                engine.register(registration(name, max)).await.unwrap();
            }
            _ => tokio::task::yield_now().await,
        }
    }

    /// Lets everything run until nothing happens any more.
    async fn settle(&mut self) {
        let calls = || self.store.calls.load(std::sync::atomic::Ordering::Relaxed);
        let (mut before, mut quiet) = (calls(), 0);
        while quiet < 60 {
            tokio::task::yield_now().await;
            let now = calls();
            quiet = if now == before { quiet + 1 } else { 0 };
            before = now;
        }
        let mut waiting = Vec::new();
        for parked in self.polls.drain(..) {
            if !parked.poll.is_finished() {
                waiting.push(parked);
            } else if let Ok(Some(handout)) = parked.poll.await.unwrap() {
                self.running.push((parked.name, handout));
            }
        }
        self.polls = waiting;
    }

    async fn queue(&self) -> Vec<QueueEntry> {
        let mut entries = Vec::new();
        for job in self.store.jobs() {
            if let Some(work) = &job.work
                && let Some(entry) = self.lab.store.queue_entry(work.task).await.unwrap()
            {
                entries.push(entry);
            }
        }
        entries
    }

    async fn check(&self, seed: u64) {
        let workers = self.lab.store.workers().await.unwrap();
        let queue = self.queue().await;
        let log = || self.log.join("\n");
        for entry in &queue {
            let Some(lease) = &entry.lease else { continue };
            assert!(
                self.running.iter().any(|(_, run)| run.lease == lease.id),
                "seed {seed}: {} is with {} under {}, who never got it\n{}",
                entry.task_id,
                lease.worker,
                lease.id,
                log()
            );
        }
        for worker in &workers {
            let registration = &worker.record.registration;
            let max = registration.max_concurrent_tasks.unwrap_or(u32::MAX);
            let came_back = self.came_back.contains(&registration.worker_id.as_str());
            assert!(
                came_back || worker.leased.len() <= max as usize,
                "seed {seed}: {} has {} tasks\n{}",
                registration.worker_id,
                worker.leased.len(),
                log()
            );
        }
        for Parked { name, only, .. } in &self.polls {
            let worker = workers
                .iter()
                .find(|worker| worker.record.registration.worker_id.as_str() == *name)
                .expect("dismissed workers register again");
            let max = worker.record.registration.max_concurrent_tasks;
            if max.is_some_and(|max| worker.leased.len() >= max as usize) {
                continue;
            }
            for entry in &queue {
                let its = entry
                    .worker
                    .as_ref()
                    .is_none_or(|tied| tied.as_str() == *name)
                    && only.is_none_or(|only| only == &*entry.task_type);
                assert!(
                    entry.lease.is_some() || !its,
                    "seed {seed}: {name} waits while {} ({}, for {:?}) is ready\n{}",
                    entry.task_id,
                    entry.task_type,
                    entry.worker,
                    log()
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_poll_waits_for_a_task_it_could_have() {
    for seed in super::sim::seeds() {
        let mut storm = Storm::new(seed).await;
        for _ in 0..12 {
            for _ in 0..8 {
                storm.act().await;
            }
            storm.settle().await;
            storm.check(seed).await;
        }
        assert_eq!(storm.store.wrong(), Vec::<String>::new(), "seed {seed}");
        for parked in storm.polls {
            parked.poll.abort();
        }
    }
}
