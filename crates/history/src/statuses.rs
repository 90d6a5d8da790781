//! The statuses a walk over all jobs has to visit.

use avtomatika_protocol::JobStatus;

/// Every status a job can have.
pub(crate) const ALL: [&str; 13] = [
    "pending",
    "running",
    "waiting_for_worker",
    "waiting_for_human",
    "waiting_for_event",
    "waiting_for_parallel_tasks",
    "waiting_for_sub_job",
    "sleeping",
    "awaiting_retry",
    "completed",
    "failed",
    "cancelled",
    "quarantined",
];

/// Those of jobs that have ended.
pub(crate) const TERMINAL: [&str; 4] = ["completed", "failed", "cancelled", "quarantined"];

/// These, or all of them when there are none.
pub(crate) fn of(statuses: &[JobStatus]) -> Vec<&'static str> {
    if statuses.is_empty() {
        return ALL.to_vec();
    }
    statuses.iter().map(|status| status.as_str()).collect()
}
