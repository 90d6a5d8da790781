//! A job's past, as its owner reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Failure, JobId, JobStatus, TaskId, WorkerId};

/// A job without its bodies: what lists show, and all that is left of a job whose record has been
/// deleted. The names are those of [`crate::job::JobView`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSummary {
    /// The job.
    pub id: JobId,
    /// The blueprint it walks through.
    pub blueprint_name: String,
    /// The version of it; absent for an unversioned one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub blueprint_version: String,
    /// The state of the blueprint it is in.
    pub current_state: String,
    /// Where it stands.
    pub status: JobStatus,
    /// What it was labelled with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The job it is a child or a branch of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_job_id: Option<JobId>,
    /// The last failure's text, as the seed era shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// The last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// When the job was accepted, milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// When it last changed, milliseconds since the Unix epoch.
    pub updated_at_ms: u64,
    /// When it ended, if it has, milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at_ms: Option<u64>,
}

/// One thing that happened to a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobEvent {
    /// The job.
    pub job_id: JobId,
    /// The version of the job it came with.
    pub version: u64,
    /// Its place among the events of that version, from 0.
    pub n: u16,
    /// When it happened, milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What happened: `job_created`, `task_finished`, …
    pub event_type: String,
    /// The state the job was in then.
    pub state: String,
    /// The state it left, when the event tells of a move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_state: Option<String>,
    /// Where the job stood then.
    pub status: JobStatus,
    /// The task the event is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<TaskId>,
    /// The type of that task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_type: Option<String>,
    /// The worker that had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<WorkerId>,
    /// Which attempt at it, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt_number: Option<u32>,
    /// What went wrong, if something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// Whatever else belongs to the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}
