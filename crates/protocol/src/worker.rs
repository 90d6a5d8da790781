//! What a worker sends and receives.
//!
//! The seed era's messages are accepted as they are; every field that era did not have is
//! optional, so one set of types serves both.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::{Failure, JobId, LeaseId, SessionId, TaskId, WorkerId};

/// `POST /_worker/workers/register`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registration {
    /// The worker's name.
    pub worker_id: WorkerId,
    /// What kind of worker it is, for people.
    #[serde(default)]
    pub worker_type: String,
    /// The task types it can do.
    #[serde(default)]
    pub supported_tasks: Vec<String>,
    /// How many tasks it runs at once. Without it the server sets no bound.
    #[serde(
        default,
        deserialize_with = "whole",
        skip_serializing_if = "Option::is_none"
    )]
    pub max_concurrent_tasks: Option<u32>,
    /// How many tasks of one type it runs at once.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub task_type_limits: Map<String, Value>,
    /// Everything else the worker told about itself.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Reads a whole number however it is written: to JSON `4.0` is one, and some languages write it so.
fn whole<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let digits = number.to_string();
    let digits = digits.strip_suffix(".0").unwrap_or(&digits);
    digits.parse().map(Some).map_err(|_| {
        let text = format!("{number} is no whole number from 0 to {}", u32::MAX);
        serde::de::Error::custom(text)
    })
}

/// The answer to a registration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registered {
    /// Always `registered`.
    pub status: String,
    /// This registration. A worker sends it with polls, heartbeats and results.
    pub session_id: SessionId,
    /// How often the worker should send a heartbeat, milliseconds.
    pub heartbeat_interval_ms: u64,
    /// How long a lease lasts without a heartbeat, milliseconds.
    pub lease_ms: u64,
}

/// A task a worker says it is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningTask {
    /// The task.
    pub task_id: TaskId,
    /// The lease it was handed out under.
    pub lease: LeaseId,
}

/// `PATCH /_worker/workers/{worker_id}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Heartbeat {
    /// How many tasks run now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<f64>,
    /// `idle` or `busy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Task types it would take now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supported_tasks: Option<Vec<String>>,
    /// The registration this heartbeat belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// The tasks it is running. Leases not named here (and older than the request) go back to
    /// the queue. Absent in the seed era, where nothing is concluded from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Vec<RunningTask>>,
    /// Everything else.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// What the answer to a heartbeat tells a worker, beside the merged worker record.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct HeartbeatAnswer {
    /// Tasks of this worker whose jobs were cancelled: stop them.
    #[serde(default)]
    pub cancel_task_ids: Vec<TaskId>,
    /// Tasks the worker named whose lease is no longer its own: stop them, report nothing.
    #[serde(default)]
    pub lost_task_ids: Vec<TaskId>,
}

/// The answer to a poll: a task under a lease.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskMessage {
    /// The job it belongs to.
    pub job_id: JobId,
    /// The task.
    pub task_id: TaskId,
    /// What is to be done.
    #[serde(rename = "type")]
    pub task_type: String,
    /// With which parameters: a JSON object.
    pub params: Box<RawValue>,
    /// W3C trace context carrier.
    #[serde(default)]
    pub tracing_context: Map<String, Value>,
    /// Which hand-out of the task this is, from 1.
    #[serde(default = "first_attempt")]
    pub attempt: u32,
    /// The fencing token to send back with the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseId>,
    /// Higher goes first.
    #[serde(default)]
    pub priority: f64,
    /// When the server gives the task up whatever its heartbeats say, milliseconds since the
    /// Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_at_ms: Option<u64>,
}

fn first_attempt() -> u32 {
    1
}

/// `POST /_worker/tasks/result`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResultMessage {
    /// The job.
    pub job_id: JobId,
    /// The task.
    pub task_id: TaskId,
    /// Who did it.
    pub worker_id: WorkerId,
    /// How it went.
    #[serde(default)]
    pub result: Outcome,
    /// The lease it was done under; the seed era has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseId>,
    /// Ask for the next task in the answer, if one is ready now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub want_next: bool,
}

/// How a task went.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// `success` (also when absent), `failure`, `cancelled` or a status of the blueprint's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What it yielded. Only objects are merged into the job's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// What went wrong: an object, or in the seed era a plain string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
}

impl Outcome {
    /// A success with this data.
    pub fn success(data: impl Into<Value>) -> Self {
        Self {
            status: Some("success".to_owned()),
            data: Some(data.into()),
            error: None,
        }
    }

    /// A failure.
    pub fn failure(failure: &Failure) -> Self {
        Self {
            status: Some("failure".to_owned()),
            data: None,
            error: serde_json::to_value(failure).ok(),
        }
    }

    /// The task stopped because its job was cancelled.
    pub fn cancelled() -> Self {
        Self {
            status: Some("cancelled".to_owned()),
            data: None,
            error: None,
        }
    }

    /// The status, with the default filled in.
    pub fn status(&self) -> &str {
        self.status.as_deref().unwrap_or("success")
    }

    /// The error in one shape, whichever era's form it came in.
    pub fn failure_reported(&self) -> Failure {
        match &self.error {
            Some(Value::String(message)) => Failure {
                message: message.clone(),
                ..Failure::default()
            },
            Some(value) => serde_json::from_value(value.clone()).unwrap_or_else(|_| Failure {
                message: value.to_string(),
                ..Failure::default()
            }),
            None => Failure::default(),
        }
    }
}

/// The answer to a result.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResultAnswer {
    /// `result_accepted_success`, `result_accepted_failure`, `result_accepted_cancelled`,
    /// `parallel_branch_result_accepted` for a task beside others, or `ignored` when the lease was
    /// no longer the worker's.
    pub status: String,
    /// Why it was ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The next task, when the worker asked for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_task: Option<TaskMessage>,
}

/// The answer to a poll that asked for several tasks (`?max=`).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TaskList {
    /// The tasks.
    pub tasks: Vec<TaskMessage>,
}

/// The answer to `POST /_worker/tasks/results`: `{"worker_id", "results": [...], "want_next": n}`,
/// each result as it would be posted alone.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ResultsAnswer {
    /// What became of each result, in their order.
    pub results: Vec<ResultStanding>,
    /// More tasks, up to as many as were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskMessage>,
}

/// What became of one result among several.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResultStanding {
    /// As [`ResultAnswer::status`], or `error`: it was not taken.
    pub status: String,
    /// Why it was ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The code of the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The error in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether it may be sent again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retry: bool,
}

/// `POST /_worker/events`: what a worker tells while it works. `event_type` is `progress`, with
/// `progress` (0 to 1), `message` and `phase` in the payload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkerEvent {
    /// What kind of event it is.
    pub event_type: String,
    /// Who sends it.
    pub worker_id: WorkerId,
    /// The job it is about.
    pub target_job_id: JobId,
    /// The task it is about.
    pub target_task_id: TaskId,
    /// What it says.
    #[serde(default)]
    pub payload: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        let read = |number: &str| {
            let text = format!(r#"{{"worker_id": "w", "max_concurrent_tasks": {number}}}"#);
            let read = serde_json::from_str::<Registration>(&text);
            read.map(|one| one.max_concurrent_tasks).ok()
        };
        assert_eq!(read("4"), Some(Some(4)));
        assert_eq!(read("4.0"), Some(Some(4)));
        assert_eq!(read("null"), Some(None));
        for bad in ["4.5", "-1", "4294967296", "\"4\"", "[]"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
