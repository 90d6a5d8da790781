//! What the scheduler needs of an engine, done by ours.

use std::sync::Arc;

use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_engine::service::{EngineError, NewJob};
use avtomatika_engine::storage::StoreError;
use avtomatika_engine::{Client, Engine};
use avtomatika_protocol::{ClientId, JobId, JobStatus};
use avtomatika_scheduler::port::{Answer, Port, PortError, Posted, Posting, Stored};
use avtomatika_scheduler::schedule::INTERNAL_CLIENT;
use serde_json::Value;

use crate::access::{Access, Quota};

/// The collection records are kept in.
const COLLECTION: &str = "schedules";
/// The plan of jobs that belong to no client, as the seed calls it.
const PLAN: &str = "system";

/// An engine and its clients.
pub(super) struct EnginePort {
    engine: Engine,
    access: Arc<Access>,
}

impl EnginePort {
    pub(super) fn new(engine: Engine, access: Arc<Access>) -> Self {
        Self { engine, access }
    }

    /// The job to be made: a client's, who may start it and whose limits count, or nobody's but
    /// the scheduler's.
    fn job(&self, posting: Posting) -> Result<NewJob, PortError> {
        let name = &posting.client;
        let Some(account) = self.access.account_of(name) else {
            if name.as_str() != INTERNAL_CLIENT {
                return refuse(name, "is not configured");
            }
            let client = Arc::new(internal(&posting.schedule));
            return Ok(job(posting, client));
        };
        if account.is_disabled() {
            return refuse(name, "is disabled");
        }
        if !account.may_start(&posting.blueprint) {
            return refuse(name, &format!("may not start '{}'", posting.blueprint));
        }
        let mut new = job(posting, Arc::clone(&account.client));
        new.jobs_live_max = account.jobs_live_max;
        new.spend = Quota::of(&account, self.engine.now_ms()).map(|quota| quota.spend());
        Ok(new)
    }
}

fn job(posting: Posting, client: Arc<Client>) -> NewJob {
    let mut new = NewJob::new(posting.blueprint, client, posting.input);
    new.idempotency_key = Some(posting.key);
    new.labels = posting.labels;
    new
}

fn refuse<T>(client: &ClientId, why: &str) -> Result<T, PortError> {
    let reason = format!("the schedule's client '{client}' {why}");
    Err(PortError::Refused(reason))
}

/// The client of jobs that belong to none, as the seed describes it to handlers.
fn internal(schedule: &str) -> Client {
    let mut client = Client::new(INTERNAL_CLIENT.into(), INTERNAL_CLIENT);
    PLAN.clone_into(&mut client.plan);
    let source = format!("scheduler:{schedule}");
    client.params.insert("source".to_owned(), source.into());
    client
}

fn key(schedule: &str) -> DocumentKey {
    DocumentKey::new(COLLECTION, schedule)
}

impl Port for EnginePort {
    fn post(&self, posting: Posting) -> Answer<'_, Posted> {
        Box::pin(async move {
            let new = self.job(posting)?;
            let submitted = self.engine.submit(new).await?;
            Ok(Posted {
                job: submitted.job,
                repeated: submitted.repeated,
            })
        })
    }

    fn read(&self, schedule: &str) -> Answer<'_, Option<Stored>> {
        let key = key(schedule);
        Box::pin(async move {
            let found = self.engine.document(&key).await?;
            Ok(found.map(|document| Stored {
                version: document.version,
                value: document.value,
            }))
        })
    }

    fn write(&self, schedule: &str, from_version: u64, value: Value) -> Answer<'_, ()> {
        let key = key(schedule);
        Box::pin(async move {
            let written = self.engine.put_document(key, from_version, Some(value));
            match written.await {
                Err(EngineError::Store(StoreError::Conflict { .. })) => Err(PortError::Conflict),
                written => Ok(written?),
            }
        })
    }

    fn status(&self, client: &ClientId, job: JobId) -> Answer<'_, Option<JobStatus>> {
        let client = client.clone();
        Box::pin(async move {
            match self.engine.job(&client, job, None).await {
                Ok(job) => Ok(Some(job.status)),
                Err(EngineError::JobNotFound) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
    }

    fn cancel(&self, client: &ClientId, job: JobId) -> Answer<'_, ()> {
        let client = client.clone();
        Box::pin(async move {
            match self.engine.cancel(&client, job).await {
                Ok(_) | Err(EngineError::JobNotFound | EngineError::Ignored(_)) => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
    }
}
