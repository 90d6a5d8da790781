//! One task on its way through the worker.

use std::sync::atomic::{AtomicU8, Ordering};

use avtomatika_protocol::worker::TaskMessage;
use tokio_util::sync::CancellationToken;

use crate::progress::Sink;

/// Why a handler was told to stop. A later reason replaces an earlier one only if it is stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stop {
    /// The worker is going down and its drain time is over.
    Draining = 1,
    /// The job was cancelled.
    Cancelled = 2,
    /// The lease is somebody else's now: whatever comes out is nobody's business.
    Lost = 3,
}

/// A task, and what its handler and the session tell each other about it.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) task: TaskMessage,
    pub(crate) token: CancellationToken,
    pub(crate) progress: Sink,
    stop: AtomicU8,
}

impl Run {
    pub(crate) fn new(task: TaskMessage, progress: Sink) -> Self {
        Self {
            task,
            token: CancellationToken::new(),
            progress,
            stop: AtomicU8::new(0),
        }
    }

    /// Tells the handler to stop.
    pub(crate) fn stop(&self, why: Stop) {
        // Before the token, so that whoever sees the token cancelled finds the reason.
        self.stop.fetch_max(why as u8, Ordering::AcqRel);
        self.token.cancel();
    }

    /// Why the handler was told to stop, if it was.
    pub(crate) fn stopped(&self) -> Option<Stop> {
        match self.stop.load(Ordering::Acquire) {
            1 => Some(Stop::Draining),
            2 => Some(Stop::Cancelled),
            3 => Some(Stop::Lost),
            _ => None,
        }
    }
}
