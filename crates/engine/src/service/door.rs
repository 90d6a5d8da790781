//! How many jobs may be under way.

use std::collections::HashMap;
use std::sync::Arc;

use avtomatika_protocol::ClientId;
use parking_lot::Mutex;

use super::engine::Inner;
use super::error::EngineError;
use crate::names;

/// Jobs that have been let in and are not in the store yet: those who ask at once count each other.
#[derive(Clone, Default)]
pub(super) struct Door(Arc<Mutex<Coming>>);

#[derive(Default)]
struct Coming {
    all: u64,
    of_client: HashMap<ClientId, u64>,
}

/// A place among the jobs under way, until the job is in the store or has come to nothing.
pub(super) struct Admitted {
    door: Door,
    client: ClientId,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut coming = self.door.0.lock();
        coming.all = coming.all.saturating_sub(1);
        if let Some(count) = coming.of_client.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                coming.of_client.remove(&self.client);
            }
        }
    }
}

impl Inner {
    /// Lets one more job of a client in.
    pub(super) fn admit(
        &self,
        client: &ClientId,
        jobs_live_max: Option<u64>,
    ) -> Result<Admitted, EngineError> {
        let mut coming = self.door.0.lock();
        let of_client = coming.of_client.get(client).copied().unwrap_or(0);
        self.check_live(client, jobs_live_max, coming.all, of_client)?;
        coming.all += 1;
        *coming.of_client.entry(client.clone()).or_default() += 1;
        Ok(Admitted {
            door: self.door.clone(),
            client: client.clone(),
        })
    }

    /// Refuses a job too many, beside so many that are about to be made.
    pub(super) fn check_live(
        &self,
        client: &ClientId,
        jobs_live_max: Option<u64>,
        coming: u64,
        coming_of_client: u64,
    ) -> Result<(), EngineError> {
        let limit = self.settings.live_jobs_max;
        let live = self.store.live_jobs() + coming;
        if live >= limit {
            metrics::counter!(names::LIMIT_HIT, "limit" => "live_jobs").increment(1);
            return Err(EngineError::Overloaded { live, limit });
        }
        let limit = self.settings.live_jobs_per_client_max;
        let limit = jobs_live_max.map_or(limit, |own| own.min(limit));
        let live = self.store.live_jobs_of(client) + coming_of_client;
        if live >= limit {
            metrics::counter!(names::LIMIT_HIT, "limit" => "live_jobs_per_client").increment(1);
            return Err(EngineError::TooManyJobs { live, limit });
        }
        Ok(())
    }
}
