//! Bringing what is in memory into the file, beside the writer.
//!
//! A checkpoint is one transaction: all rows of a frozen layer, and the group of the log they
//! reach up to. Before it is durable the log has them, afterwards the file does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use redb::Durability;

use super::inbox::Inbox;
use super::tables::{self, Layer};
use super::{Shared, disk, rest};

/// What the thread is given.
enum Order {
    /// A layer to write.
    Write {
        layer: Arc<Layer>,
        group: u64,
        segment: u64,
    },
    /// A layer nobody needs any more: freeing it takes a while.
    Free(Arc<Layer>),
}

/// What came of a checkpoint.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The file holds every group up to this one.
    Done(u64),
    /// The file is as it was.
    Failed {
        /// Because the disk is full.
        full: bool,
    },
}

/// The thread that writes the file.
pub(super) struct Checkpoints {
    orders: Option<Sender<Order>>,
    outcomes: Receiver<Outcome>,
    thread: Option<JoinHandle<()>>,
    /// Whether one is under way.
    busy: bool,
}

impl Checkpoints {
    /// Starts the thread; `inbox` wakes the writer when a checkpoint has ended.
    pub(super) fn start(shared: Arc<Shared>, inbox: Arc<Inbox>) -> std::io::Result<Self> {
        let (orders, to_do) = channel::<Order>();
        let (done, outcomes) = channel();
        let thread = std::thread::Builder::new()
            .name("store-file".to_owned())
            .spawn(move || {
                rest::work_in_pieces(Arc::clone(&shared.hurry));
                for order in to_do {
                    let (layer, group, segment) = match order {
                        Order::Write {
                            layer,
                            group,
                            segment,
                        } => (layer, group, segment),
                        Order::Free(layer) => {
                            // Whoever still reads it frees the rest.
                            if let Some(layer) = Arc::into_inner(layer) {
                                layer.dismantle();
                            }
                            continue;
                        }
                    };
                    let outcome = write(&shared, &layer, group, segment);
                    drop(layer);
                    if done.send(outcome).is_err() {
                        return;
                    }
                    inbox.nudge();
                }
            })?;
        Ok(Self {
            orders: Some(orders),
            outcomes,
            thread: Some(thread),
            busy: false,
        })
    }

    /// Begins a checkpoint; there must be none under way.
    pub(super) fn begin(&mut self, layer: Arc<Layer>, group: u64, segment: u64) {
        self.busy = self.order(Order::Write {
            layer,
            group,
            segment,
        });
    }

    /// Has a layer freed that nobody needs any more.
    pub(super) fn free(&self, layer: Arc<Layer>) {
        self.order(Order::Free(layer));
    }

    fn order(&self, order: Order) -> bool {
        let orders = self.orders.as_ref();
        orders.is_some_and(|orders| orders.send(order).is_ok())
    }

    /// Whether one is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// What came of the last one, if it has ended since this was asked last.
    pub(super) fn ended(&mut self) -> Option<Outcome> {
        let outcome = self.outcomes.try_recv().ok()?;
        self.busy = false;
        Some(outcome)
    }

    /// Waits for the one under way.
    pub(super) fn wait(&mut self) -> Option<Outcome> {
        if !self.busy {
            return None;
        }
        self.busy = false;
        self.outcomes.recv().ok()
    }

    /// Ends the thread.
    pub(super) fn stop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes the store's file panicked");
        }
    }
}

fn write(shared: &Shared, layer: &Layer, group: u64, segment: u64) -> Outcome {
    let written = shared
        .opened_again()
        .map_err(|error| (error.to_string(), false))
        .and_then(|()| {
            transact(shared, layer, group, segment).map_err(|error| {
                // redb goes on with a file only after it was opened anew.
                shared.mark_broken();
                (error.to_string(), disk::says_full(&error))
            })
        });
    match written {
        Ok(()) => Outcome::Done(group),
        Err((reason, full)) => {
            tracing::error!(reason, "failed to write the store's file");
            if let Err(error) = shared.opened_again() {
                tracing::error!(%error, "failed to open the store's file again");
            }
            Outcome::Failed { full }
        }
    }
}

fn transact(shared: &Shared, layer: &Layer, group: u64, segment: u64) -> Result<(), redb::Error> {
    let database = shared.database().map_err(|_| redb::Error::PreviousIo)?;
    let mut write = database.begin_write()?;
    write.set_durability(Durability::Immediate)?;
    // A start after a crash need not scan the file.
    write.set_quick_repair(true);
    layer.apply(&write)?;
    {
        let mut meta = write.open_table(tables::META)?;
        meta.insert(tables::APPLIED, group)?;
        meta.insert(tables::SEGMENT, segment)?;
    }
    write.commit()?;
    // Before the layer is taken away: whoever doesn't find it must not go by older blocks.
    shared.checkpoint.fetch_add(1, Ordering::AcqRel);
    Ok(())
}
