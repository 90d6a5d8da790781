//! What workers with an open channel are told at once, instead of with their next heartbeat.

use std::collections::HashMap;

use crate::lock::Mutex;
use avtomatika_protocol::{JobId, TaskId, WorkerId};
use tokio::sync::mpsc;

use super::engine::Engine;

/// Commands kept for one channel that is slow to take them. More are left to the heartbeat.
const BACKLOG_MAX: usize = 256;

/// Something a worker should know now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// Nobody waits for this task any more.
    Cancel {
        /// Its job.
        job: JobId,
        /// The task.
        task: TaskId,
    },
}

/// Open channels, by worker. The newest one of a worker replaces those before it.
#[derive(Default)]
pub(super) struct Pushes(Mutex<HashMap<WorkerId, mpsc::Sender<Push>>>);

impl Pushes {
    pub(super) fn send(&self, worker: &WorkerId, push: Push) {
        let mut channels = self.0.lock();
        let gone = match channels.get(worker).map(|channel| channel.try_send(push)) {
            Some(Err(mpsc::error::TrySendError::Closed(_))) => true,
            // A full one's worker learns of it by its heartbeat.
            Some(Ok(()) | Err(mpsc::error::TrySendError::Full(_))) | None => false,
        };
        if gone {
            channels.remove(worker);
        }
    }

    fn open(&self, worker: &WorkerId) -> mpsc::Receiver<Push> {
        let (send, receive) = mpsc::channel(BACKLOG_MAX);
        let mut channels = self.0.lock();
        channels.retain(|_, channel| !channel.is_closed());
        channels.insert(worker.clone(), send);
        receive
    }
}

impl Engine {
    /// Opens a channel to a worker. An earlier one of the same worker ends.
    pub fn pushes(&self, worker: &WorkerId) -> mpsc::Receiver<Push> {
        self.0.pushes.open(worker)
    }
}
