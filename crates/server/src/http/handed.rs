//! What has been handed out on a connection and may not have arrived.

use std::sync::Arc;

use avtomatika_engine::Engine;
use avtomatika_protocol::{LeaseId, TaskId};
use parking_lot::Mutex;
use tokio_util::task::TaskTracker;

/// A task that was put into an answer.
pub struct Handed {
    /// Who takes it back.
    pub engine: Engine,
    /// Where the work of taking it back is kept.
    pub tasks: TaskTracker,
    /// The task.
    pub task: TaskId,
    /// The lease it went under.
    pub lease: LeaseId,
}

impl Handed {
    /// Puts the task back into the queue at once, instead of waiting for its lease to run out.
    pub fn hand_back(self) {
        let tasks = self.tasks;
        tasks.spawn(async move { self.engine.hand_back(self.task, self.lease).await });
    }
}

/// The task in the last answer on a connection.
///
/// An answer that was written has not been read yet. The next request on the connection shows
/// that it was; an error on the connection before that shows that it was not: a socket closed
/// with unread bytes in it, and bytes sent to a closed socket, are both answered with a reset.
/// A connection that ends in good order shows nothing, and the task stays with its worker.
#[derive(Clone, Default)]
pub struct LastHanded(Arc<Mutex<Option<Handed>>>);

impl LastHanded {
    /// Notes a task that is being written.
    pub fn note(&self, handed: Handed) {
        *self.0.lock() = Some(handed);
    }

    /// The client has asked for something else, so it has what came before.
    pub fn arrived(&self) {
        *self.0.lock() = None;
    }

    /// The connection broke.
    pub fn broke(&self) {
        if let Some(handed) = self.0.lock().take() {
            handed.hand_back();
        }
    }
}
