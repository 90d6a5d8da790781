//! The memory store: the reference the contract suite is written against. Nothing survives the
//! process.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::ready;
use std::sync::Arc;

use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_engine::machine::Job;
use avtomatika_engine::storage::{
    Answer, Batch, Claim, Claimed, Document, Due, Index, QueueCounts, QueueEntry, Reconciled,
    Store, StoreError, Task, TaskChange, Touched, WorkerRecord, WorkerView,
};
use avtomatika_protocol::worker::RunningTask;
use avtomatika_protocol::{ClientId, JobId, LeaseId, TaskId, WorkerId};
use parking_lot::Mutex;

use crate::census::Census;

/// A store in memory.
#[derive(Debug)]
pub struct Memory(Mutex<State>);

#[derive(Debug)]
struct State {
    index: Index,
    jobs: HashMap<JobId, Arc<Job>>,
    by_client: HashMap<ClientId, BTreeSet<JobId>>,
    ended: BTreeSet<(u64, JobId)>,
    keys: HashMap<(ClientId, String), JobId>,
    tasks: HashMap<TaskId, Arc<Task>>,
    documents: BTreeMap<DocumentKey, Document>,
    census: Census,
    closed: bool,
}

impl Memory {
    /// An empty store whose leases last `lease_ms` after their worker's last sign of life.
    pub fn new(lease_ms: u64) -> Self {
        Self(Mutex::new(State {
            index: Index::new(lease_ms),
            jobs: HashMap::new(),
            by_client: HashMap::new(),
            ended: BTreeSet::new(),
            keys: HashMap::new(),
            tasks: HashMap::new(),
            documents: BTreeMap::new(),
            census: Census::default(),
            closed: false,
        }))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> Result<T, StoreError> {
        let mut state = self.0.lock();
        if state.closed {
            Err(StoreError::Closed)
        } else {
            Ok(act(&mut state))
        }
    }
}

impl State {
    fn check(&self, batch: &Batch) -> Result<(), StoreError> {
        let stored = self.jobs.get(&batch.job.id).map_or(0, |job| job.version);
        if stored != batch.from_version {
            return Err(StoreError::Conflict { what: "job" });
        }
        if batch.from_version == 0
            && let Some(key) = &batch.job.idempotency_key
            && let Some(job) = self.keys.get(&(batch.job.owner().clone(), key.clone()))
        {
            return Err(StoreError::Duplicate(*job));
        }
        for change in &batch.tasks {
            if let TaskChange::Retry { task, lease, .. } | TaskChange::Finish { task, lease } =
                change
                && !self.index.holds(*task, *lease)
            {
                return Err(StoreError::Conflict { what: "task" });
            }
        }
        for change in &batch.documents {
            let stored = self
                .documents
                .get(&change.key)
                .map_or(0, |document| document.version);
            if stored != change.from_version {
                return Err(StoreError::Conflict { what: "document" });
            }
        }
        Ok(())
    }

    fn apply(&mut self, batch: Batch) {
        let job = Arc::new(batch.job);
        let now_ms = job.updated_at_ms;
        let is_new = batch.from_version == 0;
        if is_new {
            self.by_client
                .entry(job.owner().clone())
                .or_default()
                .insert(job.id);
            if let Some(key) = &job.idempotency_key {
                self.keys.insert((job.owner().clone(), key.clone()), job.id);
            }
        }
        self.census.note(&job, is_new);
        if job.status.is_terminal() {
            self.ended.insert((now_ms, job.id));
        }
        self.index.set_job_retry(job.id, job.retry_at_ms);
        for change in batch.tasks {
            match change {
                TaskChange::Add(task, entry) => {
                    self.tasks.insert(task.id, Arc::from(task));
                    self.index.add(entry, now_ms);
                }
                TaskChange::Retry {
                    task, ready_at_ms, ..
                } => {
                    self.index.retry(task, ready_at_ms, now_ms);
                }
                TaskChange::Finish { task, .. } => {
                    self.tasks.remove(&task);
                    self.index.finish(task);
                }
            }
        }
        for change in batch.documents {
            match change.value {
                Some(value) => {
                    let document = Document {
                        version: change.from_version + 1,
                        value,
                    };
                    self.documents.insert(change.key, document);
                }
                None => {
                    self.documents.remove(&change.key);
                }
            }
        }
        self.jobs.insert(job.id, job);
    }

    fn purge(&mut self, before_ms: u64, max: usize) -> usize {
        let old: Vec<(u64, JobId)> = self
            .ended
            .iter()
            .take_while(|(ended_ms, _)| *ended_ms < before_ms)
            .take(max)
            .copied()
            .collect();
        for item in &old {
            self.ended.remove(item);
            let Some(job) = self.jobs.remove(&item.1) else {
                continue;
            };
            if let Some(jobs) = self.by_client.get_mut(job.owner()) {
                jobs.remove(&job.id);
            }
            if let Some(key) = &job.idempotency_key {
                self.keys.remove(&(job.owner().clone(), key.clone()));
            }
        }
        old.len()
    }
}

fn answer<'a, T: Send + 'a>(result: Result<T, StoreError>) -> Answer<'a, T> {
    Box::pin(ready(result))
}

impl Store for Memory {
    fn commit(&self, batch: Batch) -> Answer<'_, ()> {
        let result = self.with(|state| state.check(&batch).map(|()| state.apply(batch)));
        answer(result.and_then(|inner| inner))
    }

    fn job(&self, id: JobId) -> Answer<'_, Option<Arc<Job>>> {
        answer(self.with(|state| state.jobs.get(&id).cloned()))
    }

    fn job_of_key(&self, client: &ClientId, key: &str) -> Answer<'_, Option<JobId>> {
        let key = (client.clone(), key.to_owned());
        answer(self.with(|state| state.keys.get(&key).copied()))
    }

    fn jobs_of(&self, client: &ClientId, limit: usize, offset: usize) -> Answer<'_, Vec<Arc<Job>>> {
        answer(self.with(|state| {
            let ids = state.by_client.get(client).into_iter().flatten();
            ids.rev()
                .skip(offset)
                .take(limit)
                .filter_map(|id| state.jobs.get(id).cloned())
                .collect()
        }))
    }

    fn task(&self, id: TaskId) -> Answer<'_, Option<Arc<Task>>> {
        answer(self.with(|state| state.tasks.get(&id).cloned()))
    }

    fn queue_entry(&self, id: TaskId) -> Answer<'_, Option<QueueEntry>> {
        answer(self.with(|state| state.index.entry(id).cloned()))
    }

    fn document(&self, key: &DocumentKey) -> Answer<'_, Option<Document>> {
        answer(self.with(|state| state.documents.get(key).cloned()))
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Claimed> {
        answer(self.with(|state| state.index.claim(&claim)))
    }

    fn hand_back(&self, task: TaskId, lease: LeaseId) -> Answer<'_, Option<QueueEntry>> {
        answer(self.with(|state| state.index.hand_back(task, lease)))
    }

    fn due(&self, now_ms: u64, max: usize) -> Answer<'_, Vec<Due>> {
        answer(self.with(|state| state.index.due(now_ms, max)))
    }

    fn next_due_ms(&self) -> Option<u64> {
        self.0.lock().index.next_due_ms()
    }

    fn register(&self, worker: WorkerRecord) -> Answer<'_, ()> {
        answer(self.with(|state| {
            let now_ms = worker.registered_at_ms;
            state.index.register(worker, now_ms);
            state.index.forget_stale_workers(now_ms);
        }))
    }

    fn touch(&self, worker: &WorkerId, now_ms: u64) -> Answer<'_, Option<Touched>> {
        answer(self.with(|state| state.index.touch(worker, now_ms)))
    }

    fn suspect(&self, worker: &WorkerId, now_ms: u64, grace_ms: u64) {
        self.0.lock().index.suspect(worker, now_ms, grace_ms);
    }

    fn workers(&self) -> Answer<'_, Vec<WorkerView>> {
        answer(self.with(|state| state.index.workers()))
    }

    fn dismiss(&self, worker: &WorkerId) -> Answer<'_, Vec<QueueEntry>> {
        answer(self.with(|state| state.index.dismiss(worker)))
    }

    fn reconcile(
        &self,
        worker: &WorkerId,
        running: &[RunningTask],
        before_ms: u64,
    ) -> Answer<'_, Reconciled> {
        answer(self.with(|state| state.index.reconcile(worker, running, before_ms)))
    }

    fn counts(&self) -> QueueCounts {
        self.0.lock().index.counts()
    }

    fn live_jobs(&self) -> u64 {
        self.0.lock().census.total()
    }

    fn live_jobs_of(&self, client: &ClientId) -> u64 {
        self.0.lock().census.of(client)
    }

    fn purge(&self, before_ms: u64, max: usize) -> Answer<'_, usize> {
        answer(self.with(|state| state.purge(before_ms, max)))
    }

    fn is_full(&self) -> bool {
        false
    }

    fn close(&self) -> Answer<'_, ()> {
        answer(self.with(|state| state.closed = true))
    }
}
