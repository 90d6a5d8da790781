//! How many jobs may be under way.

use std::collections::HashMap;
use std::sync::Arc;

use crate::lock::Mutex;
use avtomatika_protocol::ClientId;
use tokio::sync::Notify;

use super::engine::Inner;
use super::error::EngineError;
use crate::names;

/// Jobs that have been let in and are not in the store yet: those who ask at once count each other.
#[derive(Clone, Default)]
pub(super) struct Door(Arc<Doorway>);

#[derive(Default)]
struct Doorway {
    coming: Mutex<Coming>,
    /// Told when one of them has arrived, or has come to nothing.
    fewer: Notify,
}

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
        let mut coming = self.door.0.coming.lock();
        coming.all = coming.all.saturating_sub(1);
        if let Some(count) = coming.of_client.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                coming.of_client.remove(&self.client);
            }
        }
        drop(coming);
        self.door.0.fewer.notify_waiters();
    }
}

impl Inner {
    /// Lets one more job of a client in. Whoever could only be one too many because of those on
    /// their way waits for what becomes of them: some may be in the store already and count twice.
    pub(super) async fn admit(
        &self,
        client: &ClientId,
        jobs_live_max: Option<u64>,
    ) -> Result<Admitted, EngineError> {
        loop {
            let fewer = self.door.0.fewer.notified();
            tokio::pin!(fewer);
            // From here on no end of another is missed.
            fewer.as_mut().enable();
            if let Some(admitted) = self.try_admit(client, jobs_live_max)? {
                return Ok(admitted);
            }
            fewer.await;
        }
    }

    fn try_admit(
        &self,
        client: &ClientId,
        jobs_live_max: Option<u64>,
    ) -> Result<Option<Admitted>, EngineError> {
        let mut coming = self.door.0.coming.lock();
        let of_client = coming.of_client.get(client).copied().unwrap_or(0);
        if self
            .check_live(client, jobs_live_max, coming.all, of_client)
            .is_err()
        {
            // With those in the store alone it is refused for good.
            return match self.check_live(client, jobs_live_max, 0, 0) {
                Ok(()) => Ok(None),
                Err(error) => Err(counted(error)),
            };
        }
        coming.all += 1;
        *coming.of_client.entry(client.clone()).or_default() += 1;
        Ok(Some(Admitted {
            door: self.door.clone(),
            client: client.clone(),
        }))
    }

    /// Whether a job would be one too many, beside so many that are about to be made.
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
            return Err(EngineError::Overloaded { live, limit });
        }
        let limit = self.settings.live_jobs_per_client_max;
        let limit = jobs_live_max.map_or(limit, |own| own.min(limit));
        let live = self.store.live_jobs_of(client) + coming_of_client;
        if live >= limit {
            return Err(EngineError::TooManyJobs { live, limit });
        }
        Ok(())
    }
}

/// Counts a refusal.
pub(super) fn counted(refusal: EngineError) -> EngineError {
    let limit = match refusal {
        EngineError::TooManyJobs { .. } => "live_jobs_per_client",
        _ => "live_jobs",
    };
    metrics::counter!(names::LIMIT_HIT, "limit" => limit).increment(1);
    refusal
}
