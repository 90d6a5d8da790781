//! Bringing what is in memory into the file, beside the writer.
//!
//! A checkpoint is one transaction: all rows of a frozen layer, and the group of the log they
//! reach up to. Before it is durable the log has them, afterwards the file does.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use redb::Durability;
use tokio::sync::mpsc::WeakSender;

use super::requests::Request;
use super::tables::{self, Layer};
use super::{Shared, disk};

/// What the thread is given.
struct Order {
    layer: Arc<Layer>,
    group: u64,
    segment: u64,
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
    /// Starts the thread; `nudge` wakes the writer when a checkpoint has ended.
    pub(super) fn start(shared: Arc<Shared>, nudge: WeakSender<Request>) -> std::io::Result<Self> {
        let (orders, to_do) = channel::<Order>();
        let (done, outcomes) = channel();
        let thread = std::thread::Builder::new()
            .name("store-file".to_owned())
            .spawn(move || {
                for order in to_do {
                    let outcome = write(&shared, &order);
                    drop(order);
                    if done.send(outcome).is_err() {
                        return;
                    }
                    if let Some(writer) = nudge.upgrade()
                        && writer.try_send(Request::Nudge).is_err()
                    {
                        tracing::trace!("a writer with so much to do is awake");
                    }
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
        let order = Order {
            layer,
            group,
            segment,
        };
        self.busy = self
            .orders
            .as_ref()
            .is_some_and(|orders| orders.send(order).is_ok());
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

fn write(shared: &Shared, order: &Order) -> Outcome {
    let written = shared
        .opened_again()
        .map_err(|error| (error.to_string(), false))
        .and_then(|()| {
            transact(shared, order).map_err(|error| {
                // redb goes on with a file only after it was opened anew.
                shared.mark_broken();
                (error.to_string(), disk::says_full(&error))
            })
        });
    match written {
        Ok(()) => Outcome::Done(order.group),
        Err((reason, full)) => {
            tracing::error!(reason, "failed to write the store's file");
            if let Err(error) = shared.opened_again() {
                tracing::error!(%error, "failed to open the store's file again");
            }
            Outcome::Failed { full }
        }
    }
}

fn transact(shared: &Shared, order: &Order) -> Result<(), redb::Error> {
    let database = shared.database().map_err(|_| redb::Error::PreviousIo)?;
    let mut write = database.begin_write()?;
    write.set_durability(Durability::Immediate)?;
    // A start after a crash need not scan the file.
    write.set_quick_repair(true);
    order.layer.apply(&write)?;
    {
        let mut meta = write.open_table(tables::META)?;
        meta.insert(tables::APPLIED, order.group)?;
        meta.insert(tables::SEGMENT, order.segment)?;
    }
    write.commit()?;
    Ok(())
}
