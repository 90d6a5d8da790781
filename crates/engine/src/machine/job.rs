//! The job as it is stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use avtomatika_protocol::job::Phase;
use avtomatika_protocol::{ClientId, Failure, JobId, JobStatus, LeaseId, TaskId, WorkerId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::blueprint::{Blueprint, Client, LastTask, RetryPolicy};

/// A job. Secrets in `input` and `data` are sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The job.
    pub id: JobId,
    /// Grows by one with each commit.
    pub version: u64,
    /// The blueprint it walks through.
    pub blueprint: Arc<str>,
    /// Whose it is.
    pub client: Arc<Client>,
    /// The state it is in.
    pub state: String,
    /// Where it stands.
    pub status: JobStatus,
    /// The body it was posted with.
    pub input: Arc<Value>,
    /// Data gathered so far.
    pub data: Map<String, Value>,
    /// Failures of the current step.
    pub retry_count: u32,
    /// Handler runs and state changes since a worker last reported, for the loop guard.
    pub transitions: u32,
    /// The last failure.
    pub failure: Option<Failure>,
    /// The task it waits for.
    pub work: Option<Work>,
    /// How the last task went.
    pub last_task: Option<LastTask>,
    /// When a failed handler runs again, milliseconds since the Unix epoch.
    pub retry_at_ms: Option<u64>,
    /// The client's key for the job: the same key gives the same job again.
    pub idempotency_key: Option<String>,
    /// The lease under which the last result was taken, so that the same result again gets the
    /// same answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<LeaseId>,
    /// What the worker of the last task said it was doing, and when.
    pub phases: Vec<Phase>,
    /// When it was accepted, milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// When it last changed, milliseconds since the Unix epoch.
    pub updated_at_ms: u64,
}

/// The task a job waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The task.
    pub task: TaskId,
    /// Its type.
    pub task_type: Arc<str>,
    /// Which state each status of the result leads to.
    pub transitions: BTreeMap<String, String>,
    /// How often it is tried.
    pub retry: RetryPolicy,
    /// The only worker that may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerId>,
}

impl Job {
    /// A job that has just been accepted. The input must be sealed already.
    pub fn new(
        id: JobId,
        blueprint: &Blueprint,
        client: Arc<Client>,
        input: Value,
        now_ms: u64,
    ) -> Self {
        Self {
            id,
            version: 0,
            blueprint: blueprint.name.as_str().into(),
            client,
            state: blueprint.start.clone(),
            status: JobStatus::Pending,
            input: Arc::new(input),
            data: Map::new(),
            retry_count: 0,
            transitions: 0,
            failure: None,
            work: None,
            last_task: None,
            retry_at_ms: None,
            idempotency_key: None,
            answered: None,
            phases: Vec::new(),
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
        }
    }

    /// Whose job it is.
    pub fn owner(&self) -> &ClientId {
        &self.client.id
    }
}
