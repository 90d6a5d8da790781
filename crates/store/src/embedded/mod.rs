//! The embedded durable store: a log and a redb file behind one writer thread.
//!
//! Commits from all tasks meet in the writer's inbox. The writer empties it, checks each batch
//! against what is stored, appends all that hold to the log as one record, syncs once, and only
//! then updates memory and answers. What the log holds is kept in memory as a layer of changed
//! rows until a checkpoint, on a thread of its own, has brought it into the file. Reads look at
//! the layers and then at the file's snapshot, and never wait for the writer.
//!
//! A job that is short-lived thus meets the file once, when it has ended: its task, its place in
//! the queue and its earlier versions come and go in the log.
//!
//! A hand-out is not synced before it is answered: its queue row is written after
//! [`LEASE_FLUSH_MS`], unless its task has ended by then. After a crash in between the task is
//! handed out again under a new lease id, so only one of the results is accepted.

mod alone;
mod birth;
mod block;
mod blocks;
mod cache;
mod changes;
mod checkpoint;
mod codec;
mod disk;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod faults_tests;
mod group;
mod inbox;
mod keyed;
mod layers;
mod log;
mod lookup;
mod merge;
mod open;
mod paced;
mod purge;
mod recent;
mod recover;
mod requests;
mod rest;
mod room;
mod table;
mod tables;
mod verify;
mod write;
mod writer;

use std::future::ready;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_engine::history::HistoryEvent;
use avtomatika_engine::lock::{Mutex, RwLock};
use avtomatika_engine::machine::Job;
use avtomatika_engine::storage::{
    Answer, Batch, Claim, Claimed, Document, DocumentChange, Due, Index, QueueCounts, QueueEntry,
    Reconciled, Store, StoreError, Task, Touched, WorkerRecord, WorkerView,
};
use avtomatika_protocol::worker::RunningTask;
use avtomatika_protocol::{ClientId, JobId, LeaseId, TaskId, WorkerId};
use tokio::sync::oneshot;

use self::cache::Cache;
use self::checkpoint::Checkpoints;
use self::inbox::{Inbox, Outlet};
use self::layers::Layers;
use self::recent::Recent;
use self::requests::Request;
use self::writer::{Desk, Panicked, Writer};
use crate::census::Census;

pub use open::OpenError;

/// How long a hand-out stays unwritten, milliseconds.
pub const LEASE_FLUSH_MS: u64 = 50;

/// How an embedded store is opened.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// The folder; made if it isn't there.
    pub dir: PathBuf,
    /// How long a lease lasts after its worker's last sign of life, milliseconds.
    pub lease_ms: u64,
    /// Free disk space below which the store only reads, bytes.
    pub reserve_bytes: u64,
    /// Memory for redb's page cache, bytes.
    pub page_cache_bytes: usize,
    /// Makes the file fail on request.
    #[cfg(test)]
    pub(crate) faults: Option<Arc<faults::Faults>>,
    /// Memory that changes may take before they are brought from the log into the file, bytes.
    pub layer_bytes: usize,
}

/// What a layer may take by default, bytes.
const LAYER_BYTES: usize = 8 << 20;

impl EmbeddedOptions {
    /// Default options for a folder.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            lease_ms: 45_000,
            reserve_bytes: 64 << 20,
            page_cache_bytes: 64 << 20,
            #[cfg(test)]
            faults: None,
            layer_bytes: LAYER_BYTES,
        }
    }
}

/// The embedded store.
pub struct Embedded {
    shared: Arc<Shared>,
    inbox: Arc<Inbox>,
    desk: Arc<Desk>,
    writer: Mutex<Option<JoinHandle<Result<(), Panicked>>>>,
}

/// What the handle and the writer thread share.
pub(crate) struct Shared {
    options: EmbeddedOptions,
    /// The number the outbox's next entry had when the store was opened.
    told: u64,
    /// Up to where the outbox is forgotten, whether that is written yet or not.
    forgotten: AtomicU64,
    /// Replaced when the file had to be reopened after a failed write.
    database: RwLock<Option<Arc<redb::Database>>>,
    layers: RwLock<Layers>,
    index: Mutex<Index>,
    census: Mutex<Census>,
    jobs: Cache<JobId, Job>,
    tasks: Cache<TaskId, Task>,
    /// How many checkpoints have come into the file since it was opened.
    checkpoint: AtomicU64,
    recent_jobs: Recent<u128>,
    recent_tasks: Recent<u128>,
    full: AtomicBool,
    closed: AtomicBool,
    /// Whether the thread that writes the file has no time for rests.
    hurry: Arc<AtomicBool>,
    /// Whether redb has given the file up, so that it must be opened anew.
    broken: AtomicBool,
    /// How often the file has been opened, so that readers notice.
    opened: AtomicU64,
}

impl Shared {
    fn database(&self) -> Result<Arc<redb::Database>, StoreError> {
        let database = self.database.read().clone();
        database.ok_or_else(|| {
            if self.closed.load(Ordering::Acquire) {
                StoreError::Closed
            } else {
                StoreError::broken("open the store again", "its disk failed")
            }
        })
    }
}

impl Embedded {
    /// Opens a store, making it if it isn't there, and reads the queue back.
    ///
    /// # Errors
    /// When the folder or the file can't be used, or another process has it open.
    pub fn open(options: EmbeddedOptions, now_ms: u64) -> Result<Self, OpenError> {
        let (shared, log) = open::open(options, now_ms)?;
        let shared = Arc::new(shared);
        let inbox = Arc::new(Inbox::default());
        let checkpoints = Checkpoints::start(Arc::clone(&shared), Arc::clone(&inbox))
            .map_err(OpenError::Thread)?;
        let outlet = Outlet::new(Arc::clone(&inbox));
        let writer = Writer::new(Arc::clone(&shared), log, checkpoints);
        let desk = Arc::new(Desk::new(writer));
        let thread_desk = Arc::clone(&desk);
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || Writer::run(&thread_desk, outlet))
            .map_err(OpenError::Thread)?;
        Ok(Self {
            shared,
            inbox,
            desk,
            writer: Mutex::new(Some(writer)),
        })
    }

    /// Sends a request to the writer and waits for its answer.
    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Request,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        if let Err(request) = Writer::alone(&self.desk, &self.inbox, request(reply)) {
            self.inbox.put(request).await?;
        }
        answer.await.map_err(|_| StoreError::Closed)?
    }

    fn now<'a, T: Send + 'a>(result: Result<T, StoreError>) -> Answer<'a, T> {
        Box::pin(ready(result))
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.inbox.hang_up();
    }
}

impl Store for Embedded {
    fn commit(&self, batch: Batch) -> Answer<'_, ()> {
        Box::pin(async move {
            if self.is_full() {
                return Err(StoreError::Full);
            }
            // Encoding happens here, on the caller's thread, so that the writer only writes.
            let batch = Box::new(codec::Encoded::new(batch)?);
            self.ask(|reply| Request::Commit { batch, reply }).await
        })
    }

    fn job(&self, id: JobId) -> Answer<'_, Option<Arc<Job>>> {
        Self::now(self.shared.job(id))
    }

    fn job_of_key(&self, client: &ClientId, key: &str) -> Answer<'_, Option<JobId>> {
        Self::now(self.shared.job_of_key(client, key))
    }

    fn jobs_of(&self, client: &ClientId, limit: usize, offset: usize) -> Answer<'_, Vec<Arc<Job>>> {
        Self::now(self.shared.jobs_of(client, limit, offset))
    }

    fn task(&self, id: TaskId) -> Answer<'_, Option<Arc<Task>>> {
        Self::now(self.shared.task(id))
    }

    fn queue_entry(&self, id: TaskId) -> Answer<'_, Option<QueueEntry>> {
        Self::now(Ok(self.shared.index.lock().entry(id).cloned()))
    }

    fn document(&self, key: &DocumentKey) -> Answer<'_, Option<Document>> {
        Self::now(self.shared.document(key))
    }

    fn write_documents(&self, changes: Vec<DocumentChange>) -> Answer<'_, ()> {
        Box::pin(async move {
            if self.is_full() {
                return Err(StoreError::Full);
            }
            self.ask(|reply| Request::Documents { changes, reply })
                .await
        })
    }

    fn counter(&self, name: &str) -> Answer<'_, u64> {
        Self::now(self.shared.counter(name))
    }

    fn quarantined(&self, client: Option<&ClientId>, limit: usize) -> Answer<'_, Vec<JobId>> {
        Self::now(self.shared.quarantined(client, limit))
    }

    fn outbox(&self, max: usize) -> Answer<'_, Vec<(u64, Vec<HistoryEvent>)>> {
        Self::now(self.shared.outbox(max))
    }

    fn forget_outbox(&self, up_to: u64) -> Answer<'_, ()> {
        Box::pin(async move {
            // It is deleted with the next group; nobody is to read it again until then.
            self.shared.forgotten.fetch_max(up_to, Ordering::AcqRel);
            self.inbox.put_forget_outbox(up_to)
        })
    }

    fn note_hot(&self, worker: &WorkerId, types: Vec<String>) {
        self.shared.index.lock().note_hot(worker, types);
    }

    fn note_outcome(&self, worker: &WorkerId, well: bool) {
        self.shared.index.lock().note_outcome(worker, well);
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Claimed> {
        let claimed = self.shared.index.lock().claim(&claim);
        if let Claimed::Task(entry, _) = &claimed {
            self.inbox.put_rows([entry.task_id]);
        }
        Self::now(Ok(claimed))
    }

    fn hand_back(&self, task: TaskId, lease: LeaseId) -> Answer<'_, Option<QueueEntry>> {
        let back = self.shared.index.lock().hand_back(task, lease);
        self.inbox.put_rows(back.iter().map(|entry| entry.task_id));
        Self::now(Ok(back))
    }

    fn due(&self, now_ms: u64, max: usize) -> Answer<'_, Vec<Due>> {
        Self::now(Ok(self.shared.index.lock().due(now_ms, max)))
    }

    fn next_due_ms(&self) -> Option<u64> {
        self.shared.index.lock().next_due_ms()
    }

    fn register(&self, worker: WorkerRecord) -> Answer<'_, ()> {
        Box::pin(async move {
            let worker = Box::new(worker);
            self.ask(|reply| Request::Register { worker, reply }).await
        })
    }

    fn touch(&self, worker: &WorkerId, now_ms: u64) -> Answer<'_, Option<Touched>> {
        Self::now(Ok(self.shared.index.lock().touch(worker, now_ms)))
    }

    fn suspect(&self, worker: &WorkerId, now_ms: u64, grace_ms: u64) {
        self.shared.index.lock().suspect(worker, now_ms, grace_ms);
    }

    fn workers(&self) -> Answer<'_, Vec<WorkerView>> {
        Self::now(Ok(self.shared.index.lock().workers()))
    }

    fn dismiss(&self, worker: &WorkerId) -> Answer<'_, Vec<QueueEntry>> {
        let worker = worker.clone();
        Box::pin(async move {
            let back = self.shared.index.lock().dismiss(&worker);
            let rows: Vec<TaskId> = back.iter().map(|entry| entry.task_id).collect();
            let forget = |reply| Request::Forget {
                workers: vec![worker],
                rows: rows.clone(),
                reply,
            };
            // The tasks are back in the queue whether the row is gone or not; one that is left is
            // a worker that stays silent after the next start.
            if let Err(error) = self.ask(forget).await {
                tracing::warn!(%error, "failed to forget a worker that left");
                self.inbox.put_rows(rows);
            }
            Ok(back)
        })
    }

    fn reconcile(
        &self,
        worker: &WorkerId,
        running: &[RunningTask],
        before_ms: u64,
    ) -> Answer<'_, Reconciled> {
        let found = self
            .shared
            .index
            .lock()
            .reconcile(worker, running, before_ms);
        if !found.back.is_empty() {
            self.inbox
                .put_rows(found.back.iter().map(|entry| entry.task_id));
        }
        Self::now(Ok(found))
    }

    fn counts(&self) -> QueueCounts {
        self.shared.index.lock().counts()
    }

    fn live_jobs(&self) -> u64 {
        self.shared.census.lock().total()
    }

    fn live_jobs_of(&self, client: &ClientId) -> u64 {
        self.shared.census.lock().of(client)
    }

    fn purge(&self, before_ms: u64, max: usize) -> Answer<'_, usize> {
        Box::pin(self.ask(move |reply| Request::Purge {
            before_ms,
            max,
            reply,
        }))
    }

    fn is_full(&self) -> bool {
        self.shared.full.load(Ordering::Relaxed)
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            let closed = self.ask(|reply| Request::Close { reply }).await;
            let writer = self.writer.lock().take();
            if let Some(writer) = writer {
                let joined = tokio::task::spawn_blocking(move || writer.join()).await;
                if !matches!(joined, Ok(Ok(Ok(())))) {
                    return Err(StoreError::broken("close the store", "its writer panicked"));
                }
            }
            match closed {
                Err(StoreError::Closed) => Ok(()),
                other => other,
            }
        })
    }
}
