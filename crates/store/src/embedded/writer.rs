//! The writer thread: drain, verify, write, sync once, answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use std::vec::IntoIter;

use avtomatika_engine::storage::{QueueEntry, StoreError};
use avtomatika_protocol::{TaskId, WorkerId};
use redb::Durability;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::Receiver;

use super::codec::{self, Encoded};
use super::purge::Purged;
use super::recover::Adrift;
use super::requests::{Reply, Request};
use super::room::Room;
use super::write::Tables;
use super::{LEASE_FLUSH_MS, Shared, disk, purge, verify, write};

/// Requests written in one transaction.
const GROUP_MAX: usize = 1_024;
/// How often the disk is looked at while it keeps the store from writing.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The writer thread.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    requests: Receiver<Request>,
    /// Hand-outs not written yet, and since when the oldest waits.
    unwritten: HashMap<TaskId, QueueEntry>,
    unwritten_since: Option<Instant>,
    /// Up to where the outbox may be deleted.
    forget_outbox: Option<u64>,
    /// The number of the outbox's next entry.
    told: u64,
    pub(super) room: Room,
    pub(super) adrift: Vec<Adrift>,
}

/// Who is told that their request did not fit, and why.
pub(super) type Refused = (Reply<()>, StoreError);

/// What to tell whom after the sync.
pub(super) enum Done {
    Commit(Box<Encoded>, Reply<()>),
    Documents(Reply<()>),
    Register(Box<avtomatika_engine::storage::WorkerRecord>, Reply<()>),
    Forget(Reply<()>),
    Purge(Purged, Reply<usize>),
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, requests: Receiver<Request>) -> Self {
        let told = shared.told;
        Self {
            shared,
            requests,
            unwritten: HashMap::new(),
            unwritten_since: None,
            forget_outbox: None,
            told,
            room: Room::default(),
            adrift: Vec::new(),
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
                    Request::ForgetOutbox(up_to) => {
                        self.forget_outbox = self.forget_outbox.max(Some(up_to));
                        self.unwritten_since.get_or_insert_with(Instant::now);
                    }
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
        self.shared.closed.store(true, Ordering::Release);
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
                None if self.is_full() || !self.adrift.is_empty() => LOOK_EVERY,
                None => return self.requests.blocking_recv(),
            };
            let received =
                clock.block_on(async { tokio::time::timeout(left, self.requests.recv()).await });
            match received {
                Ok(request) => return request,
                Err(_) if !self.adrift.is_empty() => {
                    self.unwritten_since = self.unwritten_since.map(|_| Instant::now());
                    self.reopen();
                }
                Err(_) if self.unwritten.is_empty() && self.forget_outbox.is_none() => {
                    self.room.check(&self.shared);
                }
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

    fn is_full(&self) -> bool {
        self.shared.full.load(Ordering::Relaxed)
    }

    /// Writes a group of requests in one transaction and answers them.
    fn write_group(&mut self, mut group: Vec<Request>) {
        self.room.check(&self.shared);
        if !self.adrift.is_empty() {
            self.reopen();
            if !self.adrift.is_empty() {
                let answer = StoreError::broken("open the store again", "its disk failed");
                turn_away(group, &answer);
                return;
            }
        }
        if self.is_full() {
            let (purges, rest) = group
                .into_iter()
                .partition(|request| matches!(request, Request::Purge { .. }));
            turn_away(rest, &StoreError::Full);
            group = purges;
            if group.is_empty() {
                // Hand-outs can wait: unwritten, they are made once more after a crash.
                self.unwritten_since = self.unwritten_since.map(|_| Instant::now());
                return;
            }
            disk::make_way(&self.shared.options.dir);
        }
        let (mut done, mut refused) = (Vec::new(), Vec::new());
        let mut group = group.into_iter();
        let result = self.transact(&mut group, &mut done, &mut refused);
        // What was not reached is answered with the rest.
        done.extend(group.filter_map(Done::asked));
        self.unwritten.clear();
        self.unwritten_since = None;
        if result.is_ok() {
            self.forget_outbox = None;
        }
        match result {
            Ok(()) => self.answer(done, refused),
            Err(error) => self.fail(done, refused, &error),
        }
    }

    /// Answers a group that has become durable.
    pub(super) fn answer(&mut self, done: Vec<Done>, refused: Vec<Refused>) {
        for (reply, error) in refused {
            let _gone = reply.send(Err(error));
        }
        done.into_iter().for_each(|item| self.finish(item));
    }

    fn transact(
        &mut self,
        group: &mut IntoIter<Request>,
        done: &mut Vec<Done>,
        refused: &mut Vec<Refused>,
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
        group: &mut IntoIter<Request>,
        done: &mut Vec<Done>,
        refused: &mut Vec<Refused>,
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
        if let Some(up_to) = self.forget_outbox {
            tables.outbox.retain_in(..=up_to, |_, _| false)?;
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
        refused: &mut Vec<Refused>,
    ) -> Result<(), redb::Error> {
        match request {
            Request::Commit { batch, reply } => {
                let checked = verify::verify(&self.shared, tables, &batch);
                let written = match checked {
                    Ok(Ok(())) => {
                        let told = &mut self.told;
                        write::write(&self.shared, tables, &batch, &mut self.unwritten, told)
                    }
                    other => other,
                };
                match written {
                    Ok(Err(error)) => refused.push((reply, error)),
                    Ok(Ok(())) => done.push(Done::Commit(batch, reply)),
                    Err(error) => {
                        done.push(Done::Commit(batch, reply));
                        return Err(error);
                    }
                }
            }
            Request::Documents { changes, reply } => {
                let written = match verify::documents(tables, &changes) {
                    Ok(Ok(())) => write::write_documents(tables, &changes),
                    other => other,
                };
                match written {
                    Ok(Err(error)) => refused.push((reply, error)),
                    Ok(Ok(())) => done.push(Done::Documents(reply)),
                    Err(error) => {
                        done.push(Done::Documents(reply));
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
                Ok(purged) => done.push(Done::Purge(purged, reply)),
                Err(error) => {
                    done.push(Done::Purge(Purged::default(), reply));
                    return Err(error);
                }
            },
            // Both are taken out before a group is written.
            Request::Lease(_) | Request::ForgetOutbox(_) | Request::Close { .. } => {}
        }
        Ok(())
    }

    /// Answers a request that has become durable. Who asked may have gone.
    fn finish(&mut self, done: Done) {
        match done {
            Done::Commit(batch, reply) => {
                self.room.used(batch.bytes());
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
            Done::Documents(reply) | Done::Forget(reply) => {
                let _gone = reply.send(Ok(()));
            }
            Done::Purge(purged, reply) => {
                disk::make_ballast(&self.shared.options.dir);
                self.room.regained(&self.shared, purged.bytes);
                let _gone = reply.send(Ok(purged.jobs));
            }
        }
    }
}

/// Answers requests that can't even be tried.
fn turn_away(group: Vec<Request>, answer: &StoreError) {
    for item in group.into_iter().filter_map(Done::asked) {
        item.refuse(answer);
    }
}

impl Done {
    /// What is to be told whom about this request.
    fn asked(request: Request) -> Option<Self> {
        match request {
            Request::Commit { batch, reply } => Some(Self::Commit(batch, reply)),
            Request::Documents { reply, .. } => Some(Self::Documents(reply)),
            Request::Register { worker, reply } => Some(Self::Register(worker, reply)),
            Request::Forget { reply, .. } => Some(Self::Forget(reply)),
            Request::Purge { reply, .. } => Some(Self::Purge(Purged::default(), reply)),
            Request::Lease(_) | Request::ForgetOutbox(_) | Request::Close { .. } => None,
        }
    }

    /// Tells that it has not been done. Who asked may have gone.
    pub(super) fn refuse(self, answer: &StoreError) {
        let _gone = match self {
            Self::Commit(_, reply)
            | Self::Register(_, reply)
            | Self::Documents(reply)
            | Self::Forget(reply) => reply.send(Err(answer.clone())).is_ok(),
            Self::Purge(_, reply) => reply.send(Err(answer.clone())).is_ok(),
        };
    }
}
