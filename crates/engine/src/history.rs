//! What happened to a job: the events written to the outbox with the change they tell of.
//!
//! An event is committed in the same batch as the job it belongs to, so there is one for each
//! change that is durable and none for a change that is not. Events hold no secrets and no request
//! headers: whoever makes one leaves them out.

use std::collections::BTreeMap;
use std::sync::Arc;

use avtomatika_protocol::{ClientId, Failure, JobId, JobStatus, TaskId, WorkerId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing that happened to one job.
///
/// `(job_id, version, n)` identifies it: the same event delivered again has the same three.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEvent {
    /// The job.
    pub job_id: JobId,
    /// The version of the job the commit made.
    pub version: u64,
    /// Its place among the events of that commit, from 0.
    pub n: u16,
    /// When it happened, milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What happened.
    pub kind: EventKind,
    /// Whose job it is.
    pub client: ClientId,
    /// The blueprint the job walks through.
    pub blueprint: Arc<str>,
    /// The version of the blueprint the job stays on; empty for an unversioned one.
    #[serde(default = "empty", skip_serializing_if = "str::is_empty")]
    pub blueprint_version: Arc<str>,
    /// The state the job is in after the commit.
    pub state: String,
    /// The state it left, when the event tells of a move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_state: Option<String>,
    /// Where the job stands after the commit.
    pub status: JobStatus,
    /// The task the event is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<TaskId>,
    /// The type of that task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_type: Option<Arc<str>>,
    /// The worker that had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerId>,
    /// Which attempt at it, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The job this one is a child or a branch of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<JobId>,
    /// What went wrong, if something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Whatever else belongs to the kind: a decision, a status of a result, when a timer is due.
    /// Secrets are left out before they get here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// When the job was accepted, milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// The job's labels; only on [`EventKind::JobCreated`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The job was accepted.
    JobCreated,
    /// The job moved to a state.
    StateEntered,
    /// A task was queued for workers.
    TaskDispatched,
    /// A worker finished the task.
    TaskFinished,
    /// The task ended in a failure and is not tried again.
    TaskFailed,
    /// The attempt failed; the task is tried again.
    TaskRetried,
    /// The worker that had the task fell silent or took too long.
    TaskLost,
    /// The branches of a fan-out were started.
    ParallelStarted,
    /// A branch ended.
    BranchFinished,
    /// The branches were joined, or can't be any more.
    ParallelJoined,
    /// A child job was started.
    SubJobStarted,
    /// The child job ended.
    SubJobFinished,
    /// A person was asked to decide.
    ApprovalRequested,
    /// A person decided.
    ApprovalDecided,
    /// The job began to wait for an event from outside.
    EventAwaited,
    /// That event came.
    EventReceived,
    /// The job went to sleep until a time.
    Sleeping,
    /// The job woke.
    Woke,
    /// A deadline of the job passed.
    TimedOut,
    /// The job ended as its blueprint wanted.
    JobCompleted,
    /// The job ended in a failure.
    JobFailed,
    /// The job ended because somebody asked for it.
    JobCancelled,
    /// The job was set aside for a person.
    JobQuarantined,
    /// A person let the quarantined job go on.
    JobReleased,
    /// A person gave the quarantined job up.
    JobDiscarded,
}

impl EventKind {
    /// Every kind, in the order of their declaration.
    pub const ALL: [Self; 25] = [
        Self::JobCreated,
        Self::StateEntered,
        Self::TaskDispatched,
        Self::TaskFinished,
        Self::TaskFailed,
        Self::TaskRetried,
        Self::TaskLost,
        Self::ParallelStarted,
        Self::BranchFinished,
        Self::ParallelJoined,
        Self::SubJobStarted,
        Self::SubJobFinished,
        Self::ApprovalRequested,
        Self::ApprovalDecided,
        Self::EventAwaited,
        Self::EventReceived,
        Self::Sleeping,
        Self::Woke,
        Self::TimedOut,
        Self::JobCompleted,
        Self::JobFailed,
        Self::JobCancelled,
        Self::JobQuarantined,
        Self::JobReleased,
        Self::JobDiscarded,
    ];

    /// The name used on the wire and in the history's tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JobCreated => "job_created",
            Self::StateEntered => "state_entered",
            Self::TaskDispatched => "task_dispatched",
            Self::TaskFinished => "task_finished",
            Self::TaskFailed => "task_failed",
            Self::TaskRetried => "task_retried",
            Self::TaskLost => "task_lost",
            Self::ParallelStarted => "parallel_started",
            Self::BranchFinished => "branch_finished",
            Self::ParallelJoined => "parallel_joined",
            Self::SubJobStarted => "sub_job_started",
            Self::SubJobFinished => "sub_job_finished",
            Self::ApprovalRequested => "approval_requested",
            Self::ApprovalDecided => "approval_decided",
            Self::EventAwaited => "event_awaited",
            Self::EventReceived => "event_received",
            Self::Sleeping => "sleeping",
            Self::Woke => "woke",
            Self::TimedOut => "timed_out",
            Self::JobCompleted => "job_completed",
            Self::JobFailed => "job_failed",
            Self::JobCancelled => "job_cancelled",
            Self::JobQuarantined => "job_quarantined",
            Self::JobReleased => "job_released",
            Self::JobDiscarded => "job_discarded",
        }
    }
}

fn empty() -> Arc<str> {
    Arc::from("")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_has_the_same_name_in_both_forms() {
        let mut seen = std::collections::BTreeSet::new();
        for kind in EventKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), json!(kind.as_str()));
            assert!(seen.insert(kind.as_str()), "{kind:?} is listed twice");
        }
    }

    #[test]
    fn an_event_without_its_options_is_read_back() {
        let id = "01890000-0000-7000-8000-000000000001".parse().unwrap();
        let event = HistoryEvent {
            job_id: id,
            version: 1,
            n: 0,
            at_ms: 5,
            kind: EventKind::JobCreated,
            client: ClientId::from("alice"),
            blueprint: Arc::from("test_flow"),
            blueprint_version: Arc::from(""),
            state: "start".to_owned(),
            previous_state: None,
            status: JobStatus::Pending,
            task_id: None,
            task_type: None,
            worker: None,
            attempt: None,
            parent: None,
            failure: None,
            details: None,
            created_at_ms: 5,
            labels: None,
        };
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(
            json,
            json!({
                "job_id": id, "version": 1, "n": 0, "at_ms": 5, "kind": "job_created",
                "client": "alice", "blueprint": "test_flow", "state": "start",
                "status": "pending", "created_at_ms": 5,
            })
        );
        assert_eq!(serde_json::from_value::<HistoryEvent>(json).unwrap(), event);
    }
}
