//! What has been handed out on a connection and may not have arrived.

use std::sync::Arc;

use avtomatika_engine::Engine;
use avtomatika_protocol::{LeaseId, TaskId};
use parking_lot::Mutex;
use tokio_util::task::TaskTracker;

/// Tasks that were put into one answer.
pub struct Handed {
    /// Who takes it back.
    pub engine: Engine,
    /// Where the work of taking it back is kept.
    pub tasks: TaskTracker,
    /// The tasks, and the leases they went under.
    pub handouts: Vec<(TaskId, LeaseId)>,
}

impl Handed {
    /// Puts the tasks back into the queue at once, instead of waiting for their leases to run out.
    pub fn hand_back(self) {
        let Self {
            engine,
            tasks,
            handouts,
        } = self;
        tasks.spawn(async move {
            for (task, lease) in handouts {
                engine.hand_back(task, lease).await;
            }
        });
    }
}

/// The tasks in the last answer on a connection.
///
/// An answer that was written has not been read yet. The next request on the connection shows
/// that it was; an error on the connection before that shows that it was not: a socket closed
/// with unread bytes in it, and bytes sent to a closed socket, are both answered with a reset.
/// A connection that ends in good order shows nothing, and its tasks stay with their worker.
#[derive(Clone, Default)]
pub struct LastHanded(Arc<Mutex<Option<Handed>>>);

impl LastHanded {
    /// Notes what is being written.
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
