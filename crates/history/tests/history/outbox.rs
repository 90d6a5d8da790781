//! An outbox in memory, which a test can make fail.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use avtomatika_engine::history::HistoryEvent;
use avtomatika_history::Source;
use avtomatika_history::source::{Entry, SourceError};
use parking_lot::Mutex;
use tokio::sync::Notify;

#[derive(Clone, Default)]
pub(crate) struct Outbox(Arc<Inner>);

#[derive(Default)]
struct Inner {
    entries: Mutex<(u64, BTreeMap<u64, Vec<HistoryEvent>>)>,
    changed: Notify,
    keeps_all: AtomicBool,
}

impl Outbox {
    pub(crate) fn put(&self, events: Vec<HistoryEvent>) {
        let mut entries = self.0.entries.lock();
        entries.0 += 1;
        let number = entries.0;
        entries.1.insert(number, events);
        self.0.changed.notify_waiters();
    }

    pub(crate) fn len(&self) -> usize {
        self.0.entries.lock().1.len()
    }

    /// From now on forgetting fails, as if the process died before it.
    pub(crate) fn keep_all(&self, yes: bool) {
        self.0.keeps_all.store(yes, Ordering::SeqCst);
    }
}

impl Source for Outbox {
    async fn outbox(&self, max: usize) -> Result<Vec<Entry>, SourceError> {
        let entries = self.0.entries.lock();
        let oldest = entries.1.iter().take(max);
        Ok(oldest.map(|(number, it)| (*number, it.clone())).collect())
    }

    async fn forget_outbox(&self, up_to: u64) -> Result<(), SourceError> {
        if self.0.keeps_all.load(Ordering::SeqCst) {
            return Err("not now".into());
        }
        let mut entries = self.0.entries.lock();
        entries.1 = entries.1.split_off(&(up_to + 1));
        Ok(())
    }

    fn outbox_changed(&self) -> impl Future<Output = ()> + Send {
        self.0.changed.notified()
    }
}
