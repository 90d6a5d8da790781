//! Accepting jobs.

use std::collections::BTreeMap;
use std::sync::Arc;

use avtomatika_protocol::{Failure, JobId};
use serde_json::Value;

use super::drive::Origin;
use super::engine::{Engine, Inner};
use super::error::EngineError;
use crate::blueprint::{Blueprint, Client};
use crate::machine::{Event, Job};
use crate::storage::{Spend, StoreError};
use crate::trace::TraceContext;
use crate::{names, seal};

/// Labels a job may have.
const LABELS_MAX: usize = 16;
/// Characters of a label's key or value.
const LABEL_CHARS_MAX: usize = 128;
/// Characters of a webhook's address.
const URL_CHARS_MAX: usize = 2_048;

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
    /// Labels to find it by.
    pub labels: BTreeMap<String, String>,
    /// Where its end is told.
    pub webhook_url: Option<String>,
    /// What it counts against.
    pub spend: Option<Spend>,
    /// Jobs of this client that have not ended, if fewer than the engine's own setting allows.
    pub jobs_live_max: Option<u64>,
    /// The W3C trace context it came with (`traceparent`).
    pub trace_parent: Option<String>,
}

/// What bounds the jobs of a client, beside what bounds those of all.
#[derive(Clone, Debug, Default)]
pub struct Allowance {
    /// What a new job counts against.
    pub spend: Option<Spend>,
    /// Jobs that have not ended, if fewer than the engine's own setting allows.
    pub jobs_live_max: Option<u64>,
}

/// An accepted job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The job.
    pub job: JobId,
    /// Whether the idempotency key belonged to an earlier job, which this is.
    pub repeated: bool,
}

impl NewJob {
    /// A job with nothing but an input.
    pub fn new(blueprint: impl Into<String>, client: Arc<Client>, input: Value) -> Self {
        Self {
            blueprint: blueprint.into(),
            client,
            input,
            idempotency_key: None,
            labels: BTreeMap::new(),
            webhook_url: None,
            spend: None,
            jobs_live_max: None,
            trace_parent: None,
        }
    }
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
            .registry
            .newest(&new.blueprint)
            .ok_or_else(|| EngineError::UnknownBlueprint(new.blueprint.clone()))?;
        if let Some(key) = &new.idempotency_key
            && let Some(job) = inner.store.job_of_key(&new.client.id, key).await?
        {
            return Ok(Submitted {
                job,
                repeated: true,
            });
        }
        let _admitted = inner.admit(&new.client.id, new.jobs_live_max).await?;
        check_door(&new)?;
        let mut input = blueprint
            .check_input(&new.client, new.input)
            .map_err(|failure| EngineError::Refused(Box::new(failure)))?;
        inner.seal_input(&blueprint, &mut input, &new.client);
        let now_ms = self.now_ms();
        let id = inner.entropy.job_id(now_ms);
        let mut job = Job::new(id, &blueprint, new.client, input, now_ms);
        job.idempotency_key = new.idempotency_key;
        job.labels = Arc::new(new.labels);
        let given = new.trace_parent.as_deref().and_then(TraceContext::parse);
        let own = || inner.observer.is_some().then(|| TraceContext::of_job(id));
        job.trace_parent = given.or_else(own).map(|trace| trace.header().into());
        job.webhook = new.webhook_url.map(|url| {
            let mut url = Value::from(url);
            inner.sealer.seal_leaves(&mut url, job.owner().as_str());
            Arc::new(url)
        });
        let origin = Origin::New(Arc::new(job), new.spend);
        match inner.drive(origin, Event::Submitted).await {
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
            Err(error) => Err(exhausted(error)),
        }
    }
}

/// Tells a quota that is used up from other failures to make a job.
pub(super) fn exhausted(error: EngineError) -> EngineError {
    match error {
        EngineError::Store(StoreError::Exhausted { limit }) => {
            metrics::counter!(names::LIMIT_HIT, "limit" => "quota").increment(1);
            EngineError::QuotaExhausted { limit }
        }
        error => error,
    }
}

impl Inner {
    pub(super) fn seal_input(&self, blueprint: &Blueprint, input: &mut Value, client: &Client) {
        let Value::Object(map) = input else { return };
        for key in &blueprint.secrets {
            if let Some(value) = map.get_mut(key) {
                self.sealer.seal_leaves(value, client.id.as_str());
            }
        }
    }
}

/// What no blueprint need check.
fn check_door(new: &NewJob) -> Result<(), EngineError> {
    let refuse = |failure: Failure| Err(EngineError::Refused(Box::new(failure)));
    if seal::holds_sealed(&new.input) {
        let text = format!("the key '{}' is reserved", seal::MARK);
        return refuse(
            Failure::new("RESERVED_KEY", text)
                .hint("send secrets in clear over TLS, they are sealed before they are stored"),
        );
    }
    let too_long = |text: &str| text.is_empty() || text.chars().count() > LABEL_CHARS_MAX;
    let labels = &new.labels;
    if labels.len() > LABELS_MAX
        || labels
            .iter()
            .any(|(key, value)| too_long(key) || too_long(value))
    {
        let text = format!(
            "a job has at most {LABELS_MAX} labels, keys and values of 1 to {LABEL_CHARS_MAX} characters"
        );
        return refuse(Failure::new("INVALID_LABEL", text));
    }
    if let Some(url) = &new.webhook_url
        && (url.len() > URL_CHARS_MAX
            || !(url.starts_with("http://") || url.starts_with("https://"))
            || url.chars().any(|c| c.is_whitespace() || c.is_control()))
    {
        return refuse(
            Failure::new("INVALID_WEBHOOK", "the webhook's address can't be used")
                .hint("give an http:// or https:// address of at most 2048 characters"),
        );
    }
    Ok(())
}
