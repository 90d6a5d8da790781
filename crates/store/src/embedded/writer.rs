//! The writer thread: drain, verify, append to the log, sync once, answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use std::vec::IntoIter;

use avtomatika_engine::storage::{QueueEntry, StoreError};
use avtomatika_protocol::{TaskId, WorkerId};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::Receiver;

use super::checkpoint::{Checkpoints, Outcome};
use super::codec::{self, Encoded};
use super::log::{AppendError, Log, Writing};
use super::purge::Purged;
use super::recover::Adrift;
use super::requests::{Reply, Request};
use super::room::Room;
use super::table::Base;
use super::tables::{Layer, Tables};
use super::{LEASE_FLUSH_MS, Shared, disk, purge, verify, write};

/// Requests written in one record.
const GROUP_MAX: usize = 1_024;
/// Bytes of batches after which a record is long enough.
const GROUP_BYTES: u64 = 2 << 20;
/// How often the disk is looked at while it keeps the store from writing.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Memory a layer may take while the one before is still on its way into the file, bytes.
const LAYER_BYTES_MAX: usize = 64 << 20;
/// A buffer that has become larger than this is not kept, bytes.
const BUFFER_BYTES_MAX: usize = 4 << 20;

/// The writer thread.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    requests: Receiver<Request>,
    pub(super) log: Log,
    /// Serves one record after the other.
    buffer: Vec<u8>,
    checkpoints: Checkpoints,
    /// The newest group in the frozen layer.
    frozen_group: u64,
    /// When the last checkpoint began.
    checkpoint_began: Instant,
    /// When a checkpoint that failed is tried again.
    checkpoint_again: Option<Instant>,
    /// Hand-outs not written yet, and since when the oldest waits.
    unwritten: HashMap<TaskId, QueueEntry>,
    unwritten_since: Option<Instant>,
    /// Up to where the outbox may be deleted.
    forget_outbox: Option<u64>,
    /// The number of the outbox's next entry.
    told: u64,
    pub(super) room: Room,
    pub(super) adrift: Option<Adrift>,
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
    pub(super) fn new(
        shared: Arc<Shared>,
        requests: Receiver<Request>,
        log: Log,
        checkpoints: Checkpoints,
    ) -> Self {
        let told = shared.told;
        Self {
            shared,
            requests,
            log,
            buffer: Vec::new(),
            checkpoints,
            frozen_group: 0,
            checkpoint_began: Instant::now(),
            checkpoint_again: None,
            unwritten: HashMap::new(),
            unwritten_since: None,
            forget_outbox: None,
            told,
            room: Room::default(),
            adrift: None,
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
        // What the log held at the start.
        self.checkpoint_if_due(true);
        let mut closing = None;
        while closing.is_none() {
            let Some(first) = self.next(&clock) else {
                break;
            };
            let (mut group, mut bytes) = (Vec::new(), 0);
            let mut request = Some(first);
            while let Some(next) = request.take() {
                bytes += next.bytes();
                match next {
                    Request::Lease(entry) => self.note_unwritten(entry),
                    Request::ForgetOutbox(up_to) => {
                        self.forget_outbox = self.forget_outbox.max(Some(up_to));
                        self.unwritten_since.get_or_insert_with(Instant::now);
                    }
                    Request::Nudge => {}
                    Request::Close { reply } => {
                        closing = Some(reply);
                        break;
                    }
                    other => group.push(other),
                }
                if group.len() < GROUP_MAX && bytes < GROUP_BYTES {
                    request = self.requests.try_recv().ok();
                }
            }
            self.note_checkpoint();
            if !group.is_empty() || closing.is_some() || self.unwritten_is_old() {
                self.write_group(group);
            }
            self.checkpoint_if_due(false);
        }
        if closing.is_some() {
            self.checkpoint_all();
        }
        self.checkpoints.stop();
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
                None if self.is_full()
                    || self.adrift.is_some()
                    || self.checkpoint_again.is_some() =>
                {
                    LOOK_EVERY
                }
                None => return self.requests.blocking_recv(),
            };
            let received =
                clock.block_on(async { tokio::time::timeout(left, self.requests.recv()).await });
            match received {
                Ok(request) => return request,
                Err(_) if self.adrift.is_some() => {
                    self.unwritten_since = self.unwritten_since.map(|_| Instant::now());
                    self.settle();
                }
                Err(_) if self.unwritten.is_empty() && self.forget_outbox.is_none() => {
                    self.room.check(&self.shared);
                    self.checkpoint_if_due(false);
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

    /// Writes a group of requests in one record and answers them.
    fn write_group(&mut self, mut group: Vec<Request>) {
        self.room.check(&self.shared);
        self.settle();
        if self.adrift.is_some() {
            let answer = StoreError::broken("write to the store", "its disk failed");
            turn_away(group, &answer);
            return;
        }
        let full = self.is_full();
        if full {
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
        let mut layer = Layer::default();
        if let Err(error) = self.fill(&mut layer, group.into_iter(), &mut done, &mut refused) {
            // Nothing has been written.
            tracing::error!(%error, "failed to read the store's file");
            let answer = StoreError::broken("read the store", &error);
            refused.into_iter().for_each(|(reply, _)| {
                let _gone = reply.send(Err(answer.clone()));
            });
            done.into_iter().for_each(|item| item.refuse(&answer));
            return;
        }
        self.unwritten.clear();
        self.unwritten_since = None;
        self.forget_outbox = None;
        match self.append(&layer, full) {
            Ok(()) => {
                self.shared.layers.write().active.merge(layer);
                self.answer(done, refused);
            }
            Err(AppendError::Long) => {
                self.room.exhausted(&self.shared);
                for (reply, _) in refused {
                    let _gone = reply.send(Err(StoreError::Full));
                }
                done.into_iter()
                    .for_each(|item| item.refuse(&StoreError::Full));
            }
            Err(AppendError::Io(error)) => self.fail(done, refused, &error),
        }
    }

    /// Appends a group to the log. `kept`: it may use what is kept free for a clean-up.
    fn append(&mut self, layer: &Layer, kept: bool) -> Result<(), AppendError> {
        let mut record = Writing::begin(std::mem::take(&mut self.buffer));
        layer.encode(&mut record);
        let mut result = Ok(());
        if !record.is_empty() {
            result = self.log.append(&mut record, kept).map(|_| ());
            if matches!(result, Err(AppendError::Long)) {
                // The file is behind: nothing can be taken before it has caught up.
                self.wait_for_checkpoint();
                self.checkpoint_if_due(true);
                self.wait_for_checkpoint();
                result = self.log.append(&mut record, kept).map(|_| ());
            }
        }
        self.buffer = record.into_buffer();
        if self.buffer.capacity() > BUFFER_BYTES_MAX {
            self.buffer = Vec::new();
        }
        result
    }

    /// Answers a group that has become durable.
    fn answer(&mut self, done: Vec<Done>, refused: Vec<Refused>) {
        for (reply, error) in refused {
            let _gone = reply.send(Err(error));
        }
        done.into_iter().for_each(|item| self.finish(item));
    }

    /// Decides a group: what is to be written, and what each is to be told.
    fn fill(
        &mut self,
        layer: &mut Layer,
        group: IntoIter<Request>,
        done: &mut Vec<Done>,
        refused: &mut Vec<Refused>,
    ) -> Result<(), redb::Error> {
        let shared = Arc::clone(&self.shared);
        let layers = shared.layers.read();
        let mut group = group;
        let base = shared
            .database()
            .map_err(|_| redb::Error::PreviousIo)
            .and_then(Base::of);
        let base = match base {
            Ok(base) => base,
            Err(error) => {
                done.extend(group.filter_map(Done::asked));
                return Err(error);
            }
        };
        let mut tables = Tables::open(layer, &layers, &base);
        for request in group.by_ref() {
            let before = refused.len();
            if let Err(error) = self.one(&mut tables, request, done, refused) {
                done.extend(group.filter_map(Done::asked));
                return Err(error);
            }
            if refused.len() == before {
                tables.keep();
            } else {
                tables.forget();
            }
        }
        if let Some(up_to) = self.forget_outbox {
            for seq in tables.outbox.first_below(&(up_to + 1), usize::MAX)? {
                tables.outbox.remove(seq);
            }
        }
        let index = shared.index.lock();
        for entry in self.unwritten.values() {
            // A task that was finished or retried since has its row written already.
            if let Some(current) = index.entry(entry.task_id)
                && let Ok(bytes) = codec::pack(current)
            {
                tables.queue.put(entry.task_id.0.as_u128(), bytes.into());
            }
        }
        tables.keep();
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
                let written = verify::documents(tables, &changes)
                    .map(|fits| fits.and_then(|()| write::write_documents(tables, &changes)));
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
                    tables.workers.put(id, bytes.into());
                });
                match written {
                    Err(error) => refused.push((reply, error)),
                    Ok(()) => done.push(Done::Register(worker, reply)),
                }
            }
            Request::Forget { workers, reply } => {
                done.push(Done::Forget(reply));
                for worker in workers {
                    tables.workers.remove(worker.as_str());
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
            // They are taken out before a group is written.
            Request::Lease(_)
            | Request::ForgetOutbox(_)
            | Request::Nudge
            | Request::Close { .. } => {}
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

impl Writer {
    /// Freezes what is in memory and has it brought into the file, if there is enough of it, or
    /// if there is any and it is wanted `now`.
    fn checkpoint_if_due(&mut self, now: bool) {
        self.note_checkpoint();
        if let Some(at) = self.checkpoint_again
            && !now
            && at > Instant::now()
        {
            return;
        }
        if self.checkpoints.is_busy() {
            if self.shared.layers.read().active.bytes() > LAYER_BYTES_MAX {
                self.wait_for_checkpoint();
            }
            return;
        }
        let mut layers = self.shared.layers.write();
        if layers.frozen.is_none() {
            let due = layers.active.bytes() > self.shared.options.layer_bytes
                || self.log.is_long()
                || self.is_full();
            if layers.active.is_empty() || !(due || now) {
                return;
            }
            layers.frozen = Some(Arc::new(std::mem::take(&mut layers.active)));
            self.frozen_group = self.log.last_group();
        }
        if let Some(frozen) = &layers.frozen {
            self.checkpoint_again = None;
            self.checkpoint_began = Instant::now();
            self.checkpoints
                .begin(Arc::clone(frozen), self.frozen_group, self.log.newest());
        }
    }

    fn note_checkpoint(&mut self) {
        if let Some(outcome) = self.checkpoints.ended() {
            self.settle_checkpoint(&outcome);
        }
    }

    fn wait_for_checkpoint(&mut self) {
        if let Some(outcome) = self.checkpoints.wait() {
            self.settle_checkpoint(&outcome);
        }
    }

    fn settle_checkpoint(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Done(group) => {
                self.shared.layers.write().frozen = None;
                self.log.forget(*group);
            }
            // A clean-up has made room meanwhile.
            Outcome::Failed { full: true } if self.room.regained_since(self.checkpoint_began) => {
                self.checkpoint_again = Some(Instant::now());
            }
            Outcome::Failed { full } => {
                self.checkpoint_again = Some(Instant::now() + LOOK_EVERY);
                if *full {
                    self.room.exhausted(&self.shared);
                }
            }
        }
    }

    /// Brings everything into the file, as far as the disk lets us: what isn't there in the end
    /// is in the log.
    fn checkpoint_all(&mut self) {
        self.wait_for_checkpoint();
        // What was frozen first, then the rest.
        for _ in 0..2 {
            self.checkpoint_if_due(true);
            self.wait_for_checkpoint();
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
            Request::Lease(_)
            | Request::ForgetOutbox(_)
            | Request::Nudge
            | Request::Close { .. } => None,
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
