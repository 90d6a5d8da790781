//! A memory store whose answers take their time: every call gives way to others a random number
//! of times before and after it, commits can fail, and each commit is checked against what was
//! committed before. Shows what a store on the other side of a network would.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_engine::history::HistoryEvent;
use avtomatika_engine::machine::Job;
use avtomatika_engine::storage::{
    Answer, Batch, Claim, Claimed, Document, DocumentChange, Due, QueueCounts, QueueEntry,
    Reconciled, Store, StoreError, Task, TaskChange, Touched, WorkerRecord, WorkerView,
};
use avtomatika_protocol::worker::RunningTask;
use avtomatika_protocol::{ClientId, JobId, LeaseId, TaskId, WorkerId};
use avtomatika_store::Memory;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

pub(crate) struct Stretched {
    inner: Memory,
    dice: Mutex<StdRng>,
    /// Commits that fail, of 100.
    pub(crate) failing: AtomicU64,
    /// Calls made, to see whether anything goes on.
    pub(crate) calls: AtomicU64,
    witness: Mutex<Witness>,
}

/// What has been committed so far.
#[derive(Default)]
struct Witness {
    jobs: HashMap<JobId, Arc<Job>>,
    ended: HashSet<JobId>,
    wrong: Vec<String>,
}

impl Stretched {
    pub(crate) fn new(lease_ms: u64, seed: u64) -> Self {
        Self {
            inner: Memory::new(lease_ms),
            dice: Mutex::new(StdRng::seed_from_u64(seed)),
            failing: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            witness: Mutex::default(),
        }
    }

    fn roll(&self, below: u64) -> u64 {
        self.dice.lock().random_range(0..below)
    }

    async fn give_way(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        // Most calls are quick, some are slow: that is what lets others in between.
        let turns = match self.roll(4) {
            0 | 1 => 0,
            2 => 1,
            _ => self.roll(6),
        };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }

    fn stretch<'a, T: Send + 'a>(
        &'a self,
        act: impl FnOnce() -> Answer<'a, T> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            self.give_way().await;
            let result = act().await;
            self.give_way().await;
            result
        })
    }

    /// What went wrong so far, in words.
    pub(crate) fn wrong(&self) -> Vec<String> {
        self.witness.lock().wrong.clone()
    }

    /// The jobs as they were committed last.
    pub(crate) fn jobs(&self) -> Vec<Arc<Job>> {
        self.witness.lock().jobs.values().cloned().collect()
    }

    async fn leases_of(&self, batch: &Batch) -> HashMap<TaskId, LeaseId> {
        let mut leases = HashMap::new();
        for change in &batch.tasks {
            if let TaskChange::Finish { task, .. } = change
                && let Ok(Some(entry)) = self.inner.queue_entry(*task).await
                && let Some(lease) = entry.lease
            {
                leases.insert(*task, lease.id);
            }
        }
        leases
    }
}

impl Witness {
    fn note(&mut self, batch: &Batch, leases: &HashMap<TaskId, LeaseId>) {
        let job = &batch.job;
        let before = self.jobs.get(&job.id).cloned();
        let version = before.as_ref().map_or(0, |job| job.version);
        if job.version != version + 1 || batch.from_version != version {
            self.wrong.push(format!(
                "{}: version {} after {version}",
                job.id, job.version
            ));
        }
        if self.ended.contains(&job.id) {
            self.wrong.push(format!("{} changed after its end", job.id));
        }
        if job.status.is_terminal() {
            self.ended.insert(job.id);
        }
        // Simulated workers write the lease they worked under into their result.
        let said = |job: &Job| job.data.get("lease").cloned();
        let old = before.as_deref().and_then(said);
        let new = said(job);
        if new.is_some() && new != old {
            let held = before
                .as_ref()
                .and_then(|job| job.work.as_ref())
                .and_then(|work| leases.get(&work.task))
                .map(|lease| serde_json::json!(lease));
            if held != new {
                self.wrong.push(format!(
                    "{}: a result under {new:?} while {held:?} held",
                    job.id
                ));
            }
        }
        self.jobs.insert(job.id, Arc::clone(job));
    }
}

impl Store for Stretched {
    fn commit(&self, batch: Batch) -> Answer<'_, ()> {
        Box::pin(async move {
            self.give_way().await;
            if self.roll(100) < self.failing.load(Ordering::Relaxed) {
                return Err(StoreError::broken("write", "the dice said so"));
            }
            let leases = self.leases_of(&batch).await;
            let result = self.inner.commit(batch.clone()).await;
            if result.is_ok() {
                self.witness.lock().note(&batch, &leases);
            }
            self.give_way().await;
            result
        })
    }

    fn job(&self, id: JobId) -> Answer<'_, Option<Arc<Job>>> {
        self.stretch(move || self.inner.job(id))
    }

    fn job_of_key(&self, client: &ClientId, key: &str) -> Answer<'_, Option<JobId>> {
        let (client, key) = (client.clone(), key.to_owned());
        Box::pin(async move {
            self.give_way().await;
            self.inner.job_of_key(&client, &key).await
        })
    }

    fn jobs_of(&self, client: &ClientId, limit: usize, offset: usize) -> Answer<'_, Vec<Arc<Job>>> {
        self.inner.jobs_of(client, limit, offset)
    }

    fn task(&self, id: TaskId) -> Answer<'_, Option<Arc<Task>>> {
        self.stretch(move || self.inner.task(id))
    }

    fn queue_entry(&self, id: TaskId) -> Answer<'_, Option<QueueEntry>> {
        self.stretch(move || self.inner.queue_entry(id))
    }

    fn document(&self, key: &DocumentKey) -> Answer<'_, Option<Document>> {
        let key = key.clone();
        Box::pin(async move {
            self.give_way().await;
            let document = self.inner.document(&key).await;
            self.give_way().await;
            document
        })
    }

    fn write_documents(&self, changes: Vec<DocumentChange>) -> Answer<'_, ()> {
        self.stretch(move || self.inner.write_documents(changes))
    }

    fn counter(&self, name: &str) -> Answer<'_, u64> {
        self.inner.counter(name)
    }

    fn quarantined(&self, client: Option<&ClientId>, limit: usize) -> Answer<'_, Vec<JobId>> {
        self.inner.quarantined(client, limit)
    }

    fn outbox(&self, max: usize) -> Answer<'_, Vec<(u64, Vec<HistoryEvent>)>> {
        self.inner.outbox(max)
    }

    fn forget_outbox(&self, up_to: u64) -> Answer<'_, ()> {
        self.inner.forget_outbox(up_to)
    }

    fn note_hot(&self, worker: &WorkerId, types: Vec<String>) {
        self.inner.note_hot(worker, types);
    }

    fn note_outcome(&self, worker: &WorkerId, well: bool) {
        self.inner.note_outcome(worker, well);
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Claimed> {
        self.stretch(move || self.inner.claim(claim))
    }

    fn hand_back(&self, task: TaskId, lease: LeaseId) -> Answer<'_, Option<QueueEntry>> {
        self.stretch(move || self.inner.hand_back(task, lease))
    }

    fn due(&self, now_ms: u64, max: usize) -> Answer<'_, Vec<Due>> {
        self.stretch(move || self.inner.due(now_ms, max))
    }

    fn next_due_ms(&self) -> Option<u64> {
        self.inner.next_due_ms()
    }

    fn register(&self, worker: WorkerRecord) -> Answer<'_, ()> {
        self.stretch(move || self.inner.register(worker))
    }

    fn touch(&self, worker: &WorkerId, now_ms: u64) -> Answer<'_, Option<Touched>> {
        let worker = worker.clone();
        Box::pin(async move {
            self.give_way().await;
            let touched = self.inner.touch(&worker, now_ms).await;
            self.give_way().await;
            touched
        })
    }

    fn suspect(&self, worker: &WorkerId, now_ms: u64, grace_ms: u64) {
        self.inner.suspect(worker, now_ms, grace_ms);
    }

    fn workers(&self) -> Answer<'_, Vec<WorkerView>> {
        self.inner.workers()
    }

    fn dismiss(&self, worker: &WorkerId) -> Answer<'_, Vec<QueueEntry>> {
        let worker = worker.clone();
        Box::pin(async move {
            self.give_way().await;
            let back = self.inner.dismiss(&worker).await;
            self.give_way().await;
            back
        })
    }

    fn reconcile(
        &self,
        worker: &WorkerId,
        running: &[RunningTask],
        before_ms: u64,
    ) -> Answer<'_, Reconciled> {
        let (worker, running) = (worker.clone(), running.to_vec());
        Box::pin(async move {
            self.give_way().await;
            let found = self.inner.reconcile(&worker, &running, before_ms).await;
            self.give_way().await;
            found
        })
    }

    fn counts(&self) -> QueueCounts {
        self.inner.counts()
    }

    fn live_jobs(&self) -> u64 {
        self.inner.live_jobs()
    }

    fn live_jobs_of(&self, client: &ClientId) -> u64 {
        self.inner.live_jobs_of(client)
    }

    fn purge(&self, before_ms: u64, max: usize) -> Answer<'_, usize> {
        self.inner.purge(before_ms, max)
    }

    fn is_full(&self) -> bool {
        false
    }

    fn close(&self) -> Answer<'_, ()> {
        self.inner.close()
    }
}
