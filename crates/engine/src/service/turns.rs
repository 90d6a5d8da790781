//! Taking turns: those whose change of a job met another's wait for each other, so that many
//! results for one job all get their turn.

use std::sync::Arc;

use avtomatika_protocol::JobId;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How many jobs can be waited for independently.
const STRIPES: u128 = 64;

/// Locks, each shared by the jobs that fall on it.
pub(super) struct Turns(Vec<Arc<Mutex<()>>>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..STRIPES).map(|_| Arc::default()).collect())
    }
}

impl Turns {
    /// Waits for one's turn at a job.
    pub(super) async fn take(&self, job: JobId) -> Option<OwnedMutexGuard<()>> {
        // The low bits of an id are chance.
        let place = usize::try_from(job.0.as_u128() % STRIPES).unwrap_or(0);
        let stripe = self.0.get(place).map(Arc::clone)?;
        Some(stripe.lock_owned().await)
    }
}
