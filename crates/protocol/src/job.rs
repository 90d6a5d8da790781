//! What a client posts and reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Failure, JobId, JobStatus, TaskId, WorkerId};

/// The answer to an accepted job (HTTP 202).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// Always `accepted`.
    pub status: String,
    /// The job to ask for.
    pub job_id: JobId,
}

/// A job as its owner sees it. Secrets read `***`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobView {
    /// The job.
    pub id: JobId,
    /// The blueprint it walks through.
    pub blueprint_name: String,
    /// The version of the blueprint it began with; empty for one without versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub blueprint_version: String,
    /// The state of the blueprint it is in.
    pub current_state: String,
    /// Where it stands.
    pub status: JobStatus,
    /// The body it was posted with.
    pub initial_data: Value,
    /// Data gathered on the way: results of workers and updates of handlers.
    pub state_history: Map<String, Value>,
    /// Times the current step was tried again.
    pub retry_count: u32,
    /// The last failure's text, as the seed era shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// The last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// The task it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_task_id: Option<TaskId>,
    /// The type of that task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_task_type: Option<String>,
    /// The worker that has the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_worker_id: Option<WorkerId>,
    /// Why the job waits, while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// How far the worker has come, 0 to 1, if it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// What the worker said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress_message: Option<String>,
    /// Phases of the current task in the order the worker entered them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<Phase>,
    /// What it came to, once it has ended, if its blueprint says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Labels it was posted with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The job that started it as a sub-job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_job_id: Option<JobId>,
    /// The sub-job it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child_job_id: Option<JobId>,
    /// The branches that run side by side, or those of the last time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<BranchView>,
    /// What a person has to decide, while the job waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalView>,
    /// What people have decided, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// The job this one repeats from one of its states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun_of: Option<JobId>,
    /// When the job was accepted, milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// When it last changed, milliseconds since the Unix epoch.
    pub updated_at_ms: u64,
}

/// A branch of a job, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BranchView {
    /// The blueprint's name for it.
    pub name: String,
    /// `queued`, `running`, or how it ended: `success`, `failure`, `cancelled`, `timeout` or the worker's
    /// own status.
    pub status: String,
    /// Its task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<TaskId>,
    /// Its sub-job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// What it yielded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// What a person has to decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalView {
    /// The question.
    pub message: String,
    /// The decisions that may be made.
    pub decisions: Vec<String>,
}

/// A decision a person made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The state the job asked in.
    pub state: String,
    /// What was decided.
    pub decision: String,
    /// Who decided: a client's name, or what the holder of the token said of themselves.
    pub by: String,
    /// What they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: u64,
}

/// One phase of a running task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// The worker's name for it (`build`, `start`, …).
    pub phase: String,
    /// What the worker said about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When the server heard of it, milliseconds since the Unix epoch.
    pub at_ms: u64,
}

/// Why a job waits, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// A stable reason.
    pub reason: WaitReason,
    /// The reason in English, with names.
    pub message: String,
    /// Since when, milliseconds since the Unix epoch.
    pub since_ms: u64,
    /// When the wait ends by itself, if it does, milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

/// The stable reasons for which a job waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// No live worker offers this task type.
    NoWorker,
    /// Workers that offer it are alive but full.
    WorkersBusy,
    /// Workers that offer it have room, but do not ask for tasks.
    WorkersSilent,
    /// The one worker the task is tied to is not there.
    WorkerAway,
    /// A worker has the task.
    WithWorker,
    /// The step failed and waits for its back-off.
    BackOff,
    /// Live workers offer the task type, but none has what the task requires.
    NoneFits,
    /// Branches of the job run side by side.
    Branches,
    /// A sub-job has not ended.
    SubJob,
    /// A person has to decide.
    Approval,
    /// Somebody has to send an event.
    Event,
    /// It goes on at a set time.
    Sleep,
}
