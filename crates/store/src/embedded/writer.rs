//! The writer: drain, verify, append to the log, sync once, answer.
//!
//! It has a thread of its own. A commit that finds it idle, though, is written by whoever brings
//! it (`alone`).

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use avtomatika_engine::storage::StoreError;
use avtomatika_protocol::TaskId;

use super::checkpoint::{Checkpoints, Outcome};
use super::group::{Done, Refused, turn_away};
use super::inbox::{Outlet, Pace, Woken};
use super::log::{AppendError, Log, Writing};
use super::recover::Adrift;
use super::requests::{Reply, Request};
use super::room::Room;
use super::tables::Layer;
use super::{Shared, disk};

/// Requests written in one record.
const GROUP_MAX: usize = 1_024;
/// Bytes of batches after which a record is long enough.
const GROUP_BYTES: u64 = 2 << 20;
/// How often the disk is looked at while it keeps the store from writing.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Memory a layer may take while the one before is still on its way into the file, bytes.
const LAYER_BYTES_MAX: usize = 64 << 20;
/// How many layers' worth of changes may gather before the thread that writes the file has no time
/// for rests any more.
const HURRY_LAYERS: usize = 1;
/// A buffer that has become larger than this is not kept, bytes.
const BUFFER_BYTES_MAX: usize = 4 << 20;

/// The writer, which its thread and whoever commits alone take in turn. Whoever panics with it
/// closes the store.
pub(super) type Desk = Mutex<Writer>;

/// Somebody panicked at the desk: what they left there may be half done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panicked;

/// What is written, and how.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) log: Log,
    /// Serves one record after the other.
    buffer: Vec<u8>,
    checkpoints: Checkpoints,
    /// The newest group in the frozen layer.
    frozen_group: u64,
    /// When the last checkpoint began.
    checkpoint_began: Instant,
    /// What the log held then, bytes.
    log_then: u64,
    /// When a checkpoint that failed is tried again.
    pub(super) checkpoint_again: Option<Instant>,
    /// How many records in a row had one request.
    pub(super) singles: u32,
    /// How long a record has taken lately, on average.
    pub(super) record_takes: Duration,
    /// Tasks whose queue rows go into the next record.
    pub(super) rows: HashSet<TaskId>,
    /// Up to where the outbox is deleted with the next record.
    pub(super) forget_outbox: Option<u64>,
    /// The number of the outbox's next entry.
    pub(super) told: u64,
    pub(super) room: Room,
    pub(super) adrift: Option<Adrift>,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, log: Log, checkpoints: Checkpoints) -> Self {
        let told = shared.told;
        Self {
            shared,
            log,
            buffer: Vec::new(),
            checkpoints,
            frozen_group: 0,
            checkpoint_began: Instant::now(),
            log_then: 0,
            checkpoint_again: None,
            singles: 0,
            record_takes: Duration::ZERO,
            rows: HashSet::new(),
            forget_outbox: None,
            told,
            room: Room::default(),
            adrift: None,
        }
    }

    /// Runs until it is asked to close or nobody is left to ask.
    ///
    /// # Errors
    /// When somebody panicked in the middle of a commit.
    pub(super) fn run(desk: &Desk, outlet: Outlet) -> Result<(), Panicked> {
        let ended = Self::work(desk, outlet);
        if ended.is_err() {
            tracing::error!("a commit panicked, the store is closed");
            let mut writer = desk.lock().unwrap_or_else(PoisonError::into_inner);
            writer.let_go();
        }
        ended
    }

    fn work(desk: &Desk, mut outlet: Outlet) -> Result<(), Panicked> {
        let take = || desk.lock().map_err(|_| Panicked);
        let mut closing = None;
        let mut pace = {
            let mut writer = take()?;
            // What the log held at the start.
            writer.checkpoint_if_due(true);
            writer.pace()
        };
        while closing.is_none() {
            let woken = outlet.wait(pace);
            let mut writer = take()?;
            match woken {
                Woken::Work => {
                    writer.note_checkpoint();
                    let mut group = outlet.take_requests(GROUP_MAX, GROUP_BYTES);
                    closing = take_close(&mut group);
                    writer.take_rows(&outlet, closing.is_some());
                    writer.write_group(group);
                    writer.note_crowd(outlet.inbox());
                }
                Woken::Look => {
                    writer.note_checkpoint();
                    writer.look();
                }
                Woken::End => break,
            }
            writer.checkpoint_if_due(false);
            pace = writer.pace();
        }
        take()?.end(closing, outlet);
        Ok(())
    }

    /// Closes the store.
    fn end(&mut self, closing: Option<Reply<()>>, outlet: Outlet) {
        if closing.is_some() {
            self.checkpoint_all();
        }
        self.let_go();
        if let Some(reply) = closing {
            // Whoever asked may have gone; the store is closed all the same.
            let _gone = reply.send(Ok(()));
        }
        drop(outlet);
    }

    /// Lets go of the file: somebody else may open it.
    fn let_go(&mut self) {
        self.checkpoints.stop();
        self.shared.closed.store(true, Ordering::Release);
        *self.shared.database.write() = None;
    }

    /// When it next wants to be woken, and for what.
    fn pace(&self) -> Pace {
        let ails = self.is_full()
            || self.adrift.is_some()
            || self.checkpoint_again.is_some()
            || self.has_rows();
        Pace {
            look_at: ails.then(|| Instant::now() + LOOK_EVERY),
            takes_rows: self.takes_rows(),
        }
    }

    /// Whether queue rows can be written now.
    pub(super) fn takes_rows(&self) -> bool {
        !self.is_full() && self.adrift.is_none()
    }

    /// Whether a record that failed has left rows to be written.
    pub(super) fn has_rows(&self) -> bool {
        !self.rows.is_empty() || self.forget_outbox.is_some()
    }

    /// Looks after a disk that is full or has failed.
    fn look(&mut self) {
        self.settle();
        if self.adrift.is_none() {
            self.room.check(&self.shared);
        }
        if self.has_rows() && self.takes_rows() {
            self.write_group(Vec::new());
        }
    }

    /// Takes over the queue rows that are to be written with the next group.
    fn take_rows(&mut self, outlet: &Outlet, all: bool) {
        if !self.takes_rows() {
            return;
        }
        let (rows, forget_outbox) = outlet.take_rows(all);
        self.rows.extend(rows);
        self.forget_outbox = self.forget_outbox.max(forget_outbox);
    }

    pub(super) fn is_full(&self) -> bool {
        self.shared.full.load(Ordering::Relaxed)
    }

    /// Writes a group of requests in one record and answers them.
    pub(super) fn write_group(&mut self, mut group: Vec<Request>) {
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
                return;
            }
            disk::make_way(&self.shared.options.dir);
        }
        for request in &group {
            if let Request::Forget { rows, .. } = request {
                self.rows.extend(rows);
            }
        }
        let requests = group.len();
        let (mut done, mut refused) = (Vec::with_capacity(requests), Vec::new());
        let mut layer = Layer::default();
        if let Err(error) = self.fill(
            &mut layer,
            !full,
            group.into_iter(),
            &mut done,
            &mut refused,
        ) {
            // Nothing has been written.
            tracing::error!(%error, "failed to read the store's file");
            let answer = StoreError::broken("read the store", &error);
            refused.into_iter().for_each(|(reply, _)| {
                let _gone = reply.send(Err(answer.clone()));
            });
            done.into_iter().for_each(|item| item.refuse(&answer));
            return;
        }
        let begun = Instant::now();
        match self.append(&layer, full) {
            Ok(is_written) => {
                if is_written {
                    self.note_pace(requests, begun.elapsed());
                }
                if !full {
                    self.rows.clear();
                    self.forget_outbox = None;
                }
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

    /// Appends a group to the log, unless it comes to nothing; answers whether it did. `kept`: it may
    /// use what is kept free for a clean-up.
    fn append(&mut self, layer: &Layer, kept: bool) -> Result<bool, AppendError> {
        let mut record = Writing::begin(std::mem::take(&mut self.buffer));
        layer.encode(&mut record);
        let mut result = Ok(false);
        if !record.is_empty() {
            result = self.log.append(&mut record, kept).map(|_| true);
            if matches!(result, Err(AppendError::Long)) {
                // The file is behind: nothing can be taken before it has caught up.
                self.wait_for_checkpoint();
                self.checkpoint_if_due(true);
                self.wait_for_checkpoint();
                result = self.log.append(&mut record, kept).map(|_| true);
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
            let bytes = self.shared.layers.read().active.bytes();
            if bytes > LAYER_BYTES_MAX {
                self.wait_for_checkpoint();
            } else if now
                || bytes > HURRY_LAYERS * self.shared.options.layer_bytes
                || self.log.outgrows(self.log_then)
            {
                self.hurry(true);
            }
            return;
        }
        let mut layers = self.shared.layers.write();
        if layers.frozen.is_none() {
            let due = self.is_enough(&layers.active) || self.is_full();
            if layers.active.is_empty() || !(due || now) {
                return;
            }
            layers.frozen = Some(Arc::new(std::mem::take(&mut layers.active)));
            self.frozen_group = self.log.last_group();
        }
        if let Some(frozen) = &layers.frozen {
            self.checkpoint_again = None;
            self.checkpoint_began = Instant::now();
            self.log_then = self.log.grown_bytes();
            self.hurry(now);
            self.checkpoints
                .begin(Arc::clone(frozen), self.frozen_group, self.log.newest());
        }
    }

    /// Whether there is enough in memory to be brought into the file.
    fn is_enough(&self, layer: &Layer) -> bool {
        layer.bytes() > self.shared.options.layer_bytes || self.log.is_long()
    }

    pub(super) fn is_checkpoint_due(&self) -> bool {
        let layers = self.shared.layers.read();
        layers.frozen.is_none() && self.is_enough(&layers.active)
            || layers.active.bytes() > LAYER_BYTES_MAX
    }

    fn note_checkpoint(&mut self) {
        if let Some(outcome) = self.checkpoints.ended() {
            self.settle_checkpoint(&outcome);
        }
    }

    fn hurry(&self, hurry: bool) {
        self.shared.hurry.store(hurry, Ordering::Relaxed);
    }

    fn wait_for_checkpoint(&mut self) {
        self.hurry(true);
        if let Some(outcome) = self.checkpoints.wait() {
            self.settle_checkpoint(&outcome);
        }
    }

    fn settle_checkpoint(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Done(group) => {
                let frozen = self.shared.layers.write().frozen.take();
                if let Some(frozen) = frozen {
                    self.checkpoints.free(frozen);
                }
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

/// Takes the wish to close out of a group. What came after it is turned away by the loss of its
/// answer.
fn take_close(group: &mut Vec<Request>) -> Option<Reply<()>> {
    let place = group
        .iter()
        .position(|request| matches!(request, Request::Close { .. }))?;
    match group.drain(place..).next() {
        Some(Request::Close { reply }) => Some(reply),
        _ => None,
    }
}
