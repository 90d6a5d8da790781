//! Counts of jobs that have not ended.

use std::collections::HashMap;

use avtomatika_engine::machine::Job;
use avtomatika_protocol::ClientId;

/// Jobs that have not ended, by client.
#[derive(Debug, Default)]
pub(crate) struct Census {
    total: u64,
    by_client: HashMap<ClientId, u64>,
}

impl Census {
    /// Notes a commit: `appears` says whether it made the job, or had it live again.
    pub(crate) fn note(&mut self, job: &Job, appears: bool) {
        match (appears, job.status.is_terminal()) {
            (true, false) => self.add(job.owner().clone()),
            (false, true) => self.remove(job.owner()),
            (true, true) | (false, false) => {}
        }
    }

    pub(crate) fn add(&mut self, client: ClientId) {
        self.total += 1;
        *self.by_client.entry(client).or_default() += 1;
    }

    fn remove(&mut self, client: &ClientId) {
        self.total = self.total.saturating_sub(1);
        if let Some(count) = self.by_client.get_mut(client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_client.remove(client);
            }
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn of(&self, client: &ClientId) -> u64 {
        self.by_client.get(client).copied().unwrap_or(0)
    }
}
