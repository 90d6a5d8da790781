//! Reads that wait for a job to change.

use std::collections::HashMap;
use std::sync::Arc;

use crate::lock::Mutex;
use avtomatika_protocol::JobId;
use tokio::sync::Notify;

/// Who waits for which job.
#[derive(Default)]
pub(super) struct Watchers(Mutex<HashMap<JobId, Entry>>);

struct Entry {
    notify: Arc<Notify>,
    watching: usize,
}

/// One who waits. Stops waiting when dropped.
pub(super) struct Watch<'a> {
    watchers: &'a Watchers,
    job: JobId,
    notify: Arc<Notify>,
}

impl Watchers {
    /// Starts to watch a job. Changes after this call are noticed, so look at the job after it.
    pub(super) fn watch(&self, job: JobId) -> Watch<'_> {
        let mut entries = self.0.lock();
        let entry = entries.entry(job).or_insert_with(|| Entry {
            notify: Arc::new(Notify::new()),
            watching: 0,
        });
        entry.watching += 1;
        Watch {
            watchers: self,
            job,
            notify: Arc::clone(&entry.notify),
        }
    }

    /// Tells everybody who watches the job.
    pub(super) fn tell(&self, job: JobId) {
        let entries = self.0.lock();
        if let Some(entry) = entries.get(&job) {
            entry.notify.notify_waiters();
        }
    }
}

impl Watch<'_> {
    /// A future that is ready at the next change after this call.
    pub(super) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.notify.notified()
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut entries = self.watchers.0.lock();
        if let Some(entry) = entries.get_mut(&self.job) {
            entry.watching -= 1;
            if entry.watching == 0 {
                entries.remove(&self.job);
            }
        }
    }
}
