//! The memory store: the reference the contract suite is written against. Nothing survives the
//! process.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::ready;
use std::sync::Arc;

use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_engine::history::HistoryEvent;
use avtomatika_engine::lock::Mutex;
use avtomatika_engine::machine::Job;
use avtomatika_engine::storage::{
    Answer, Batch, Claim, Claimed, Document, DocumentChange, Due, Index, QueueCounts, QueueEntry,
    Reconciled, Store, StoreError, Task, TaskChange, Touched, WorkerRecord, WorkerView,
};
use avtomatika_protocol::worker::RunningTask;
use avtomatika_protocol::{ClientId, JobId, JobStatus, LeaseId, TaskId, WorkerId};

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
    quarantined: BTreeSet<JobId>,
    counters: HashMap<String, u64>,
    outbox: BTreeMap<u64, Vec<HistoryEvent>>,
    told: u64,
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
            quarantined: BTreeSet::new(),
            counters: HashMap::new(),
            outbox: BTreeMap::new(),
            told: 0,
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
        for (job, from_version) in batch.jobs() {
            let stored = self.jobs.get(&job.id).map_or(0, |job| job.version);
            if stored != from_version {
                return Err(StoreError::Conflict { what: "job" });
            }
        }
        if let Some(spend) = &batch.spend
            && self.counters.get(&spend.counter).copied().unwrap_or(0) >= spend.limit
        {
            let limit = spend.limit;
            return Err(StoreError::Exhausted { limit });
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
        self.check_documents(&batch.documents)
    }

    fn check_documents(&self, changes: &[DocumentChange]) -> Result<(), StoreError> {
        for change in changes {
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

    fn write_documents(&mut self, changes: Vec<DocumentChange>) {
        for change in changes {
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
    }

    fn write_job(&mut self, job: Arc<Job>, is_new: bool, revived_from_ms: Option<u64>) {
        let now_ms = job.updated_at_ms;
        if is_new {
            self.by_client
                .entry(job.owner().clone())
                .or_default()
                .insert(job.id);
            if let Some(key) = &job.idempotency_key {
                self.keys.insert((job.owner().clone(), key.clone()), job.id);
            }
        }
        if let Some(ended_ms) = revived_from_ms {
            self.ended.remove(&(ended_ms, job.id));
        }
        if revived_from_ms.is_none() || !job.status.is_terminal() {
            self.census.note(&job, is_new || revived_from_ms.is_some());
        }
        if job.status.is_terminal() {
            self.ended.insert((now_ms, job.id));
        }
        if job.status == JobStatus::Quarantined {
            self.quarantined.insert(job.id);
        } else if revived_from_ms.is_some() {
            self.quarantined.remove(&job.id);
        }
        self.index.set_job_timer(job.id, job.timer_at_ms);
        self.jobs.insert(job.id, job);
    }

    fn apply(&mut self, batch: Batch) {
        let now_ms = batch.job.updated_at_ms;
        let is_new = batch.from_version == 0;
        self.write_job(batch.job, is_new, batch.revived_from_ms);
        for write in batch.also {
            self.write_job(write.job, write.from_version == 0, None);
        }
        if let Some(spend) = batch.spend {
            *self.counters.entry(spend.counter).or_default() += 1;
        }
        if !batch.history.is_empty() {
            self.told += 1;
            self.outbox.insert(self.told, batch.history);
        }
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
        self.write_documents(batch.documents);
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
            self.quarantined.remove(&item.1);
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

    fn write_documents(&self, changes: Vec<DocumentChange>) -> Answer<'_, ()> {
        let result = self.with(|state| {
            let checked = state.check_documents(&changes);
            checked.map(|()| state.write_documents(changes))
        });
        answer(result.and_then(|inner| inner))
    }

    fn counter(&self, name: &str) -> Answer<'_, u64> {
        answer(self.with(|state| state.counters.get(name).copied().unwrap_or(0)))
    }

    fn quarantined(&self, client: Option<&ClientId>, limit: usize) -> Answer<'_, Vec<JobId>> {
        answer(self.with(|state| {
            let is_theirs = |id: &&JobId| {
                let owner = state.jobs.get(*id).map(|job| job.owner());
                client.is_none_or(|client| owner == Some(client))
            };
            let newest_first = state.quarantined.iter().rev();
            newest_first
                .filter(is_theirs)
                .take(limit)
                .copied()
                .collect()
        }))
    }

    fn outbox(&self, max: usize) -> Answer<'_, Vec<(u64, Vec<HistoryEvent>)>> {
        answer(self.with(|state| {
            let oldest = state.outbox.iter().take(max);
            oldest.map(|(seq, told)| (*seq, told.clone())).collect()
        }))
    }

    fn forget_outbox(&self, up_to: u64) -> Answer<'_, ()> {
        answer(self.with(|state| state.outbox = state.outbox.split_off(&(up_to + 1))))
    }

    fn note_hot(&self, worker: &WorkerId, types: Vec<String>) {
        self.0.lock().index.note_hot(worker, types);
    }

    fn note_outcome(&self, worker: &WorkerId, well: bool) {
        self.0.lock().index.note_outcome(worker, well);
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
