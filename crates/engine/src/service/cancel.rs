//! Stopping jobs on request.

use std::sync::Arc;

use avtomatika_protocol::{ClientId, JobId};

use super::drive::Origin;
use super::engine::Engine;
use super::error::EngineError;
use crate::machine::{Event, Job};

impl Engine {
    /// Cancels a job of this client. Durable when it returns; a worker that runs its task is
    /// told with its next heartbeat, and its result will change nothing.
    ///
    /// # Errors
    /// [`EngineError::JobNotFound`], or [`EngineError::Ignored`] if the job has ended.
    pub async fn cancel(&self, client: &ClientId, job: JobId) -> Result<Arc<Job>, EngineError> {
        self.owned(client, job).await?;
        self.0
            .drive(Origin::Stored(job), Event::CancelRequested)
            .await
    }

    /// Reads a job of this client.
    pub(super) async fn owned(
        &self,
        client: &ClientId,
        job: JobId,
    ) -> Result<Arc<Job>, EngineError> {
        match self.0.store.job(job).await? {
            Some(job) if job.owner() == client => Ok(job),
            _ => Err(EngineError::JobNotFound),
        }
    }
}
