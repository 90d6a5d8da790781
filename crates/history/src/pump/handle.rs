//! Asking the pump.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};

/// What the pump and its handles share.
#[derive(Debug)]
pub(super) struct Shared {
    /// Questions put so far; the number of a question is this after it was put.
    questions: AtomicU64,
    asked: Notify,
    progress: watch::Sender<Progress>,
}

/// What the pump has to say.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// The last question that was put before a read that emptied the outbox.
    answered: u64,
    /// The database or the outbox does not do as it is told.
    is_failing: bool,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            questions: AtomicU64::new(0),
            asked: Notify::new(),
            progress: watch::Sender::new(Progress::default()),
        }
    }
}

impl Shared {
    pub(super) fn questions(&self) -> u64 {
        self.questions.load(Ordering::SeqCst)
    }

    /// Ends when a question waits for a round.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    pub(super) fn answer(&self, up_to: u64) {
        self.progress.send_modify(|progress| {
            progress.answered = progress.answered.max(up_to);
            progress.is_failing = false;
        });
    }

    pub(super) fn works(&self) {
        self.progress
            .send_if_modified(|progress| std::mem::take(&mut progress.is_failing));
    }

    /// Another try may take long: nobody should wait for it.
    pub(super) fn failed(&self) {
        self.progress
            .send_modify(|progress| progress.is_failing = true);
    }

    pub(super) fn stopped(&self) {
        self.failed();
    }
}

/// Asks a pump. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PumpHandle(Arc<Shared>);

impl PumpHandle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Waits until everything that had been committed when it was called is in the history.
    /// Answers `false` when the time is up, or at once while the pump is failing.
    pub async fn caught_up(&self, timeout: Duration) -> bool {
        let mut progress = self.0.progress.subscribe();
        let question = self.0.questions.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.asked.notify_one();
        let settled = progress.wait_for(|now| now.answered >= question || now.is_failing);
        match tokio::time::timeout(timeout, settled).await {
            Ok(Ok(now)) => now.answered >= question,
            _ => false,
        }
    }

    /// Whether the last try to write failed.
    pub fn is_failing(&self) -> bool {
        self.0.progress.borrow().is_failing
    }
}
