//! What a client posts and reads.

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
    /// When the job was accepted, milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// When it last changed, milliseconds since the Unix epoch.
    pub updated_at_ms: u64,
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
    /// The one worker the task is tied to is not there.
    WorkerAway,
    /// A worker has the task.
    WithWorker,
    /// The step failed and waits for its back-off.
    BackOff,
}
