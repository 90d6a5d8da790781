//! Accepting jobs.

use std::sync::Arc;

use avtomatika_protocol::{Failure, JobId};
use serde_json::Value;

use super::drive::Origin;
use super::engine::Engine;
use super::error::EngineError;
use crate::blueprint::{Blueprint, Client};
use crate::machine::{Event, Job};
use crate::storage::StoreError;
use crate::{names, seal};

/// A job to be made.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// The blueprint it is to walk through.
    pub blueprint: String,
    /// Whose it is.
    pub client: Arc<Client>,
    /// The body it was posted with.
    pub input: Value,
    /// The client's key: the same key gives the same job.
    pub idempotency_key: Option<String>,
}

/// An accepted job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The job.
    pub job: JobId,
    /// Whether the idempotency key belonged to an earlier job, which this is.
    pub repeated: bool,
}

impl Engine {
    /// Accepts a job. When this returns, the job is durable and its first task is queued.
    ///
    /// # Errors
    /// [`EngineError::Refused`] with the failure for bad input, or why it can't be taken now.
    /// Nothing is left behind.
    pub async fn submit(&self, new: NewJob) -> Result<Submitted, EngineError> {
        let inner = &self.0;
        if self.is_draining() {
            return Err(EngineError::Draining);
        }
        let blueprint = inner
            .blueprints
            .get(&new.blueprint)
            .ok_or_else(|| EngineError::UnknownBlueprint(new.blueprint.clone()))?;
        if let Some(key) = &new.idempotency_key
            && let Some(job) = inner.store.job_of_key(&new.client.id, key).await?
        {
            return Ok(Submitted {
                job,
                repeated: true,
            });
        }
        self.admit(&new.client)?;
        if seal::holds_sealed(&new.input) {
            return Err(EngineError::Refused(Box::new(reserved_key())));
        }
        let mut input = blueprint
            .check_input(&new.client, new.input)
            .map_err(|failure| EngineError::Refused(Box::new(failure)))?;
        self.seal_input(blueprint, &mut input, &new.client);
        let now_ms = self.now_ms();
        let id = inner.entropy.job_id(now_ms);
        let mut job = Job::new(id, blueprint, new.client, input, now_ms);
        job.idempotency_key = new.idempotency_key;
        match inner
            .drive(Origin::New(Box::new(job)), Event::Submitted)
            .await
        {
            Ok(_) => {
                metrics::counter!(names::JOBS_SUBMITTED, "blueprint" => new.blueprint).increment(1);
                Ok(Submitted {
                    job: id,
                    repeated: false,
                })
            }
            Err(EngineError::Store(StoreError::Duplicate(job))) => Ok(Submitted {
                job,
                repeated: true,
            }),
            Err(error) => Err(error),
        }
    }

    fn admit(&self, client: &Client) -> Result<(), EngineError> {
        let inner = &self.0;
        let (live, limit) = (inner.store.live_jobs(), inner.settings.live_jobs_max);
        if live >= limit {
            metrics::counter!(names::LIMIT_HIT, "limit" => "live_jobs").increment(1);
            return Err(EngineError::Overloaded { live, limit });
        }
        let live = inner.store.live_jobs_of(&client.id);
        let limit = inner.settings.live_jobs_per_client_max;
        if live >= limit {
            metrics::counter!(names::LIMIT_HIT, "limit" => "live_jobs_per_client").increment(1);
            return Err(EngineError::TooManyJobs { live, limit });
        }
        Ok(())
    }

    fn seal_input(&self, blueprint: &Blueprint, input: &mut Value, client: &Client) {
        let Value::Object(map) = input else { return };
        for key in &blueprint.secrets {
            if let Some(value) = map.get_mut(key) {
                self.0.sealer.seal_leaves(value, client.id.as_str());
            }
        }
    }
}

fn reserved_key() -> Failure {
    Failure::new(
        "RESERVED_KEY",
        format!("the key '{}' is reserved", seal::MARK),
    )
    .hint("send secrets in clear over TLS, they are sealed before they are stored")
}
