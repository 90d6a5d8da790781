//! The writer thread: drain, verify, write, sync once, answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use avtomatika_engine::storage::{QueueEntry, StoreError};
use avtomatika_protocol::{TaskId, WorkerId};
use redb::Durability;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::Receiver;

use super::codec::{self, Encoded};
use super::requests::{Reply, Request};
use super::write::Tables;
use super::{LEASE_FLUSH_MS, Shared, disk, open, purge, verify, write};

/// Requests written in one transaction.
const GROUP_MAX: usize = 1_024;
/// How often the free disk space is looked at while there is something to write.
const DISK_CHECK_EVERY: Duration = Duration::from_millis(500);
/// How long readers may hold on to a file that must be reopened.
const REOPEN_PATIENCE: Duration = Duration::from_secs(10);

/// The writer thread.
pub(super) struct Writer {
    shared: Arc<Shared>,
    requests: Receiver<Request>,
    /// Hand-outs not written yet, and since when the oldest waits.
    unwritten: HashMap<TaskId, QueueEntry>,
    unwritten_since: Option<Instant>,
    disk_checked: Option<Instant>,
}

/// What to tell whom after the sync.
enum Done {
    Commit(Box<Encoded>, Reply<()>),
    Register(Box<avtomatika_engine::storage::WorkerRecord>, Reply<()>),
    Forget(Reply<()>),
    Purge(usize, Reply<usize>),
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, requests: Receiver<Request>) -> Self {
        Self {
            shared,
            requests,
            unwritten: HashMap::new(),
            unwritten_since: None,
            disk_checked: None,
        }
    }

    /// Runs until it is asked to close or nobody is left to ask.
    pub(super) fn run(mut self) {
        let clock = match tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
        {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "failed to start the store's writer");
                return;
            }
        };
        let mut closing = None;
        while closing.is_none() {
            let Some(first) = self.next(&clock) else {
                break;
            };
            let mut group = Vec::new();
            let mut request = Some(first);
            while let Some(next) = request.take() {
                match next {
                    Request::Lease(entry) => self.note_unwritten(entry),
                    Request::Close { reply } => {
                        closing = Some(reply);
                        break;
                    }
                    other => group.push(other),
                }
                if group.len() < GROUP_MAX {
                    request = self.requests.try_recv().ok();
                }
            }
            if !group.is_empty() || closing.is_some() || self.unwritten_is_old() {
                self.write_group(group);
            }
        }
        *self.shared.database.write() = None;
        if let Some(reply) = closing {
            // Whoever asked may have gone; the store is closed all the same.
            let _gone = reply.send(Ok(()));
        }
    }

    /// Waits for a request; an empty group is written when hand-outs have waited long enough.
    fn next(&mut self, clock: &Runtime) -> Option<Request> {
        loop {
            let left = match self.unwritten_since {
                Some(since) => {
                    Duration::from_millis(LEASE_FLUSH_MS).saturating_sub(since.elapsed())
                }
                // While it is full nothing is let through that would have the disk looked at.
                None if self.shared.full.load(Ordering::Relaxed) => DISK_CHECK_EVERY,
                None => return self.requests.blocking_recv(),
            };
            let received =
                clock.block_on(async { tokio::time::timeout(left, self.requests.recv()).await });
            match received {
                Ok(request) => return request,
                Err(_) if self.unwritten.is_empty() => self.check_disk(),
                Err(_) => self.write_group(Vec::new()),
            }
        }
    }

    fn note_unwritten(&mut self, entry: QueueEntry) {
        self.unwritten.insert(entry.task_id, entry);
        self.unwritten_since.get_or_insert_with(Instant::now);
    }

    fn unwritten_is_old(&self) -> bool {
        self.unwritten_since
            .is_some_and(|since| since.elapsed() >= Duration::from_millis(LEASE_FLUSH_MS))
    }

    /// Writes a group of requests in one transaction and answers them.
    fn write_group(&mut self, group: Vec<Request>) {
        self.check_disk();
        let (mut done, mut refused) = (Vec::new(), Vec::new());
        let result = self.transact(group, &mut done, &mut refused);
        self.unwritten.clear();
        self.unwritten_since = None;
        for (reply, error) in refused {
            let _gone = reply.send(Err(error));
        }
        match result {
            Ok(()) => done.into_iter().for_each(|item| self.finish(item)),
            Err(error) => self.fail(done, &error),
        }
    }

    fn transact(
        &mut self,
        group: Vec<Request>,
        done: &mut Vec<Done>,
        refused: &mut Vec<(Reply<()>, StoreError)>,
    ) -> Result<(), redb::Error> {
        let database = self
            .shared
            .database()
            .map_err(|_| redb::Error::PreviousIo)?;
        let mut transaction = database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        transaction.set_quick_repair(true);
        // Should this fail half-way, everything in the group is answered with the error.
        let result = self.fill(&transaction, group, done, refused);
        match result {
            Ok(()) => Ok(transaction.commit()?),
            Err(error) => Err(error),
        }
    }

    fn fill(
        &mut self,
        transaction: &redb::WriteTransaction,
        group: Vec<Request>,
        done: &mut Vec<Done>,
        refused: &mut Vec<(Reply<()>, StoreError)>,
    ) -> Result<(), redb::Error> {
        let mut tables = Tables::open(transaction)?;
        let mut failure = None;
        for request in group {
            if let Some(result) = self.one(&mut tables, request, done, refused).err() {
                failure.get_or_insert(result);
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        for entry in self.unwritten.values() {
            // A task that was finished or retried since has its row written already.
            let current = self.shared.index.lock().entry(entry.task_id).cloned();
            if let Some(current) = current
                && let Ok(bytes) = codec::pack(&current)
            {
                tables
                    .queue
                    .insert(entry.task_id.0.as_u128(), bytes.as_slice())?;
            }
        }
        Ok(())
    }

    fn one(
        &mut self,
        tables: &mut Tables<'_>,
        request: Request,
        done: &mut Vec<Done>,
        refused: &mut Vec<(Reply<()>, StoreError)>,
    ) -> Result<(), redb::Error> {
        match request {
            Request::Commit { batch, reply } => {
                let checked = verify::verify(&self.shared, tables, &batch);
                let written = match checked {
                    Ok(Ok(())) => write::write(&self.shared, tables, &batch, &mut self.unwritten),
                    other => other,
                };
                match written {
                    Ok(Err(error)) => refused.push((reply, error)),
                    Ok(Ok(())) => done.push(Done::Commit(Box::new(batch), reply)),
                    Err(error) => {
                        done.push(Done::Commit(Box::new(batch), reply));
                        return Err(error);
                    }
                }
            }
            Request::Register { worker, reply } => {
                let written = codec::pack(worker.as_ref()).map(|bytes| {
                    let id = worker.registration.worker_id.as_str();
                    tables.workers.insert(id, bytes.as_slice()).map(|_| ())
                });
                match written {
                    Err(error) => refused.push((reply, error)),
                    Ok(result) => {
                        done.push(Done::Register(worker, reply));
                        result?;
                    }
                }
            }
            Request::Forget { workers, reply } => {
                done.push(Done::Forget(reply));
                for worker in workers {
                    tables.workers.remove(worker.as_str())?;
                }
            }
            Request::Purge {
                before_ms,
                max,
                reply,
            } => match purge::purge(&self.shared, tables, before_ms, max) {
                Ok(count) => done.push(Done::Purge(count, reply)),
                Err(error) => {
                    done.push(Done::Purge(0, reply));
                    return Err(error);
                }
            },
            // Both are taken out before a group is written.
            Request::Lease(_) | Request::Close { .. } => {}
        }
        Ok(())
    }

    /// Answers a request that has become durable. Who asked may have gone.
    fn finish(&mut self, done: Done) {
        match done {
            Done::Commit(batch, reply) => {
                write::remember(&self.shared, *batch);
                let _gone = reply.send(Ok(()));
            }
            Done::Register(worker, reply) => {
                let now_ms = worker.registered_at_ms;
                let stale: Vec<WorkerId> = {
                    let mut index = self.shared.index.lock();
                    index.register(*worker, now_ms);
                    index.forget_stale_workers(now_ms)
                };
                let _gone = reply.send(Ok(()));
                if !stale.is_empty() {
                    let (reply, _nobody) = tokio::sync::oneshot::channel();
                    self.write_group(vec![Request::Forget {
                        workers: stale,
                        reply,
                    }]);
                }
            }
            Done::Forget(reply) => {
                let _gone = reply.send(Ok(()));
            }
            Done::Purge(count, reply) => {
                disk::make_ballast(&self.shared.options.dir);
                self.disk_checked = None;
                self.check_disk();
                let _gone = reply.send(Ok(count));
            }
        }
    }

    /// Answers everybody in a group that could not be written.
    fn fail(&mut self, done: Vec<Done>, error: &redb::Error) {
        tracing::error!(%error, "failed to write to the store");
        let full = disk::says_full(error);
        let answer = if full {
            StoreError::Full
        } else {
            StoreError::broken("write to the store", error)
        };
        if full {
            self.shared.full.store(true, Ordering::Relaxed);
            disk::drop_ballast(&self.shared.options.dir);
        }
        self.reopen();
        for item in done {
            let _gone = match item {
                Done::Commit(_, reply) | Done::Register(_, reply) | Done::Forget(reply) => {
                    reply.send(Err(answer.clone())).is_ok()
                }
                Done::Purge(_, reply) => reply.send(Err(answer.clone())).is_ok(),
            };
        }
    }

    /// Opens the file again: after a failed write redb refuses to go on with the old handle.
    fn reopen(&mut self) {
        self.shared.jobs.clear();
        self.shared.tasks.clear();
        let old = self.shared.database.write().take();
        let patience = Instant::now();
        if let Some(old) = old {
            while Arc::strong_count(&old) > 1 && patience.elapsed() < REOPEN_PATIENCE {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        match open::database(&self.shared.options) {
            Ok(database) => *self.shared.database.write() = Some(Arc::new(database)),
            Err(error) => tracing::error!(%error, "failed to open the store again"),
        }
    }

    /// Goes read-only before the disk is quite full, and back when there is room.
    fn check_disk(&mut self) {
        if self
            .disk_checked
            .is_some_and(|at| at.elapsed() < DISK_CHECK_EVERY)
        {
            return;
        }
        self.disk_checked = Some(Instant::now());
        let options = &self.shared.options;
        let Some(free) = disk::free_bytes(&options.dir) else {
            return;
        };
        let full = free < options.reserve_bytes;
        if self.shared.full.swap(full, Ordering::Relaxed) != full {
            if full {
                tracing::error!(
                    free_bytes = free,
                    "the disk is full, the store is read-only"
                );
            } else {
                tracing::warn!(
                    free_bytes = free,
                    "there is room again, the store takes writes"
                );
            }
        }
    }
}
