//! A memory store whose answers take their time: every call gives way to others a random number
//! of times before and after it, commits can fail, and each commit is checked against what was
//! committed before. Shows what a store on the other side of a network would.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_engine::history::HistoryEvent;
use avtomatika_engine::lock::Mutex;
use avtomatika_engine::machine::Job;
use avtomatika_engine::storage::{
    Answer, Batch, Claim, Claimed, Document, DocumentChange, Due, Lease, QueueCounts, QueueEntry,
    Reconciled, Store, StoreError, Task, TaskChange, Touched, WorkerRecord, WorkerView,
};
use avtomatika_protocol::worker::RunningTask;
use avtomatika_protocol::{ClientId, JobId, LeaseId, TaskId, WorkerId};
use avtomatika_store::Memory;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::witness::Witness;

/// A way the store is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// A task's first lease is taken for the current one for ever.
    StaleAccepted,
    /// Of two changes of one job both are taken, whatever version they were made from.
    EndedTwice,
    /// Nobody is told when a task's back-off ends.
    WakeLost,
}

pub(crate) struct Stretched {
    inner: Memory,
    broken: Option<Break>,
    /// The first lease of each task.
    first: Mutex<HashMap<TaskId, Lease>>,
    dice: Mutex<StdRng>,
    /// Commits that fail, of 100.
    pub(crate) failing: AtomicU64,
    /// Calls made, to see whether anything goes on.
    pub(crate) calls: AtomicU64,
    witness: Mutex<Witness>,
}

impl Stretched {
    pub(crate) fn new(lease_ms: u64, seed: u64) -> Self {
        Self::broken(lease_ms, seed, None)
    }

    pub(crate) fn broken(lease_ms: u64, seed: u64, broken: Option<Break>) -> Self {
        Self {
            broken,
            first: Mutex::default(),
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

    /// How often a parent stopped waiting for this sub-job.
    pub(crate) fn let_go(&self, child: JobId) -> u32 {
        let witness = self.witness.lock();
        witness.let_go.get(&child).copied().unwrap_or(0)
    }

    /// Takes the checks out of a batch that this store is broken not to make.
    async fn sabotage(&self, batch: &mut Batch) {
        match self.broken {
            Some(Break::StaleAccepted) => {
                for change in &mut batch.tasks {
                    if let TaskChange::Finish { lease, .. } | TaskChange::Retry { lease, .. } =
                        change
                    {
                        *lease = None;
                    }
                }
            }
            Some(Break::EndedTwice) => {
                let mut finished = Vec::new();
                for change in &batch.tasks {
                    if let TaskChange::Finish { task, .. } | TaskChange::Retry { task, .. } = change
                        && let Ok(None) = self.inner.queue_entry(*task).await
                    {
                        finished.push(*task);
                    }
                }
                batch.tasks.retain(|change| {
                    !matches!(change, TaskChange::Finish { task, .. } | TaskChange::Retry { task, .. } if finished.contains(task))
                });
                let versions = |id: JobId| {
                    let witness = self.witness.lock();
                    witness.jobs.get(&id).map_or(0, |job| job.version)
                };
                let stored = versions(batch.job.id);
                batch.from_version = stored;
                Arc::make_mut(&mut batch.job).version = stored + 1;
                for write in &mut batch.also {
                    let stored = versions(write.job.id);
                    write.from_version = stored;
                    Arc::make_mut(&mut write.job).version = stored + 1;
                }
            }
            Some(Break::WakeLost) | None => {}
        }
    }

    async fn leases_of(&self, batch: &Batch) -> HashMap<TaskId, LeaseId> {
        let mut leases = HashMap::new();
        for change in &batch.tasks {
            if let TaskChange::Finish { task, .. } | TaskChange::Retry { task, .. } = change
                && let Ok(Some(entry)) = self.inner.queue_entry(*task).await
                && let Some(lease) = entry.lease
            {
                leases.insert(*task, lease.id);
            }
        }
        leases
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
            let mut taken = batch.clone();
            self.sabotage(&mut taken).await;
            let result = self.inner.commit(taken.clone()).await;
            if result.is_ok() {
                // The witness sees what was decided, with the versions it was stored under.
                let seen = Batch {
                    tasks: batch.tasks,
                    ..taken
                };
                self.witness.lock().note(&seen, &leases);
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
        Box::pin(async move {
            self.give_way().await;
            let mut entry = self.inner.queue_entry(id).await;
            if self.broken == Some(Break::StaleAccepted)
                && let Ok(Some(entry)) = &mut entry
                && let (Some(lease), Some(first)) = (&mut entry.lease, self.first.lock().get(&id))
            {
                *lease = first.clone();
            }
            self.give_way().await;
            entry
        })
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
        Box::pin(async move {
            self.give_way().await;
            let claimed = self.inner.claim(claim).await;
            if let Ok(Claimed::Task(entry, lease)) = &claimed {
                let mut first = self.first.lock();
                first.entry(entry.task_id).or_insert_with(|| lease.clone());
            }
            self.give_way().await;
            claimed
        })
    }

    fn hand_back(&self, task: TaskId, lease: LeaseId) -> Answer<'_, Option<QueueEntry>> {
        self.stretch(move || self.inner.hand_back(task, lease))
    }

    fn due(&self, now_ms: u64, max: usize) -> Answer<'_, Vec<Due>> {
        Box::pin(async move {
            self.give_way().await;
            let mut due = self.inner.due(now_ms, max).await;
            if let (Some(Break::WakeLost), Ok(due)) = (self.broken, &mut due) {
                due.retain(|item| !matches!(item, Due::Ready { .. }));
            }
            self.give_way().await;
            due
        })
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
