//! The statuses a walk over all jobs has to visit.

use avtomatika_protocol::JobStatus;

/// These, or all of them when there are none.
pub(crate) fn of(statuses: &[JobStatus]) -> Vec<&'static str> {
    let all = &JobStatus::ALL[..];
    let wanted = if statuses.is_empty() { all } else { statuses };
    wanted.iter().map(|status| status.as_str()).collect()
}
