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
        self.cancel_for(Some(client), job).await
    }

    /// As [`Self::cancel`]. Without a client: whoever asks may do so with any job.
    ///
    /// # Errors
    /// Those of [`Self::cancel`].
    pub async fn cancel_for(
        &self,
        client: Option<&ClientId>,
        job: JobId,
    ) -> Result<Arc<Job>, EngineError> {
        self.owned(client, job).await?;
        self.0
            .drive(Origin::Stored(job), Event::CancelRequested)
            .await
    }

    /// Reads a job of this client, or without one of any.
    pub(super) async fn owned(
        &self,
        client: Option<&ClientId>,
        job: JobId,
    ) -> Result<Arc<Job>, EngineError> {
        let job = self.0.store.job(job).await?;
        job.filter(|job| client.is_none_or(|client| job.owner() == client))
            .ok_or(EngineError::JobNotFound)
    }
}
