//! Where a job stands.

use serde::{Deserialize, Serialize};

/// The status of a job, as clients see it.
///
/// The last four are terminal: a job that has one of them never changes again, except that a
/// quarantined job may be released or discarded by a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// Accepted; its first handler has not run yet.
    Pending,
    /// A handler is about to run.
    Running,
    /// A task of the job is queued or with a worker.
    WaitingForWorker,
    /// Tasks or sub-jobs of the job run side by side.
    WaitingForParallelTasks,
    /// A sub-job of the job has not ended.
    WaitingForSubJob,
    /// A person has to decide.
    WaitingForHuman,
    /// Somebody has to send it an event.
    WaitingForEvent,
    /// It goes on at a set time.
    Sleeping,
    /// A failed step will be tried again after its back-off.
    AwaitingRetry,
    /// Ended as its blueprint wanted.
    Completed,
    /// Ended in a failure that its blueprint, its input or a business error decided.
    Failed,
    /// Ended because somebody asked for it.
    Cancelled,
    /// Set aside for a person: retries are used up, or the fault is permanent.
    Quarantined,
}

impl JobStatus {
    /// Every status, in the order of a job's life.
    pub const ALL: [Self; 13] = [
        Self::Pending,
        Self::Running,
        Self::WaitingForWorker,
        Self::WaitingForParallelTasks,
        Self::WaitingForSubJob,
        Self::WaitingForHuman,
        Self::WaitingForEvent,
        Self::Sleeping,
        Self::AwaitingRetry,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Quarantined,
    ];

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether no further event can change the job.
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Cancelled | Self::Quarantined
        )
    }

    /// The name used on the wire and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::WaitingForWorker => "waiting_for_worker",
            Self::WaitingForParallelTasks => "waiting_for_parallel_tasks",
            Self::WaitingForSubJob => "waiting_for_sub_job",
            Self::WaitingForHuman => "waiting_for_human",
            Self::WaitingForEvent => "waiting_for_event",
            Self::Sleeping => "sleeping",
            Self::AwaitingRetry => "awaiting_retry",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Quarantined => "quarantined",
        }
    }
}
