//! A memory store that lets others go first after each read of a document, so that handlers
//! decide on what has changed meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use avtomatika::Memory;
use avtomatika::engine::blueprint::DocumentKey;
use avtomatika::engine::history::HistoryEvent;
use avtomatika::engine::machine::Job;
use avtomatika::engine::storage::{
    Answer, Batch, Claim, Claimed, Document, DocumentChange, Due, QueueCounts, QueueEntry,
    Reconciled, Store, StoreError, Task, Touched, WorkerRecord, WorkerView,
};
use avtomatika::protocol::worker::RunningTask;
use avtomatika::protocol::{ClientId, JobId, LeaseId, TaskId, WorkerId};

#[derive(Debug)]
pub(crate) struct SlowStore {
    inner: Memory,
    /// Commits that met a newer document.
    pub(crate) conflicts: AtomicU32,
}

impl SlowStore {
    pub(crate) fn new() -> Self {
        Self {
            inner: Memory::new(45_000),
            conflicts: AtomicU32::new(0),
        }
    }
}

impl Store for SlowStore {
    fn commit(&self, batch: Batch) -> Answer<'_, ()> {
        Box::pin(async move {
            let result = self.inner.commit(batch).await;
            if matches!(result, Err(StoreError::Conflict { what: "document" })) {
                self.conflicts.fetch_add(1, Ordering::SeqCst);
            }
            result
        })
    }

    fn document(&self, key: &DocumentKey) -> Answer<'_, Option<Document>> {
        let read = self.inner.document(key);
        Box::pin(async move {
            let document = read.await;
            tokio::task::yield_now().await;
            document
        })
    }

    fn job(&self, id: JobId) -> Answer<'_, Option<Arc<Job>>> {
        self.inner.job(id)
    }

    fn job_of_key(&self, client: &ClientId, key: &str) -> Answer<'_, Option<JobId>> {
        self.inner.job_of_key(client, key)
    }

    fn jobs_of(&self, client: &ClientId, limit: usize, offset: usize) -> Answer<'_, Vec<Arc<Job>>> {
        self.inner.jobs_of(client, limit, offset)
    }

    fn task(&self, id: TaskId) -> Answer<'_, Option<Arc<Task>>> {
        self.inner.task(id)
    }

    fn queue_entry(&self, id: TaskId) -> Answer<'_, Option<QueueEntry>> {
        self.inner.queue_entry(id)
    }

    fn write_documents(&self, changes: Vec<DocumentChange>) -> Answer<'_, ()> {
        self.inner.write_documents(changes)
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
        self.inner.claim(claim)
    }

    fn hand_back(&self, task: TaskId, lease: LeaseId) -> Answer<'_, Option<QueueEntry>> {
        self.inner.hand_back(task, lease)
    }

    fn due(&self, now_ms: u64, max: usize) -> Answer<'_, Vec<Due>> {
        self.inner.due(now_ms, max)
    }

    fn next_due_ms(&self) -> Option<u64> {
        self.inner.next_due_ms()
    }

    fn register(&self, worker: WorkerRecord) -> Answer<'_, ()> {
        self.inner.register(worker)
    }

    fn touch(&self, worker: &WorkerId, now_ms: u64) -> Answer<'_, Option<Touched>> {
        self.inner.touch(worker, now_ms)
    }

    fn workers(&self) -> Answer<'_, Vec<WorkerView>> {
        self.inner.workers()
    }

    fn suspect(&self, worker: &WorkerId, now_ms: u64, grace_ms: u64) {
        self.inner.suspect(worker, now_ms, grace_ms);
    }

    fn dismiss(&self, worker: &WorkerId) -> Answer<'_, Vec<QueueEntry>> {
        self.inner.dismiss(worker)
    }

    fn reconcile(
        &self,
        worker: &WorkerId,
        running: &[RunningTask],
        before_ms: u64,
    ) -> Answer<'_, Reconciled> {
        self.inner.reconcile(worker, running, before_ms)
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
        self.inner.is_full()
    }

    fn close(&self) -> Answer<'_, ()> {
        self.inner.close()
    }
}
