//! What clients call.

mod allowed;
mod blueprints;
mod cancel_job;
mod dashboard;
mod decide;
mod events;
mod get_job;
mod job_history;
mod list_jobs;
mod list_workers;
mod me;
mod purge;
mod purged;
mod quarantine;
mod reload;
mod rerun;
mod schedules;
mod signal;
mod submit;

pub(crate) use blueprints::{blueprint_graph, list_blueprint_files, list_blueprints};
pub(crate) use cancel_job::cancel_job;
pub(crate) use dashboard::dashboard;
pub(crate) use decide::{approve, decide};
pub(crate) use events::job_events;
pub(crate) use get_job::{get_job, until_ended};
pub(crate) use job_history::job_history;
pub(crate) use list_jobs::list_jobs;
pub(crate) use list_workers::list_workers;
pub(crate) use me::me;
pub(crate) use purge::purge;
pub(crate) use quarantine::{discard, list_quarantined, quarantined_ids, release};
pub(crate) use reload::{reload, reload_workers};
pub(crate) use rerun::rerun;
pub(crate) use schedules::{
    get_schedule, list_schedules, pause_schedule, resume_schedule, run_schedule,
};
pub(crate) use signal::signal;
pub(crate) use submit::submit;

use allowed::check_allowed;
use avtomatika_protocol::JobId;

use crate::http::ApiError;

/// Reads a job id from a path. One that isn't an id names no job.
fn job_id(text: &str) -> Result<JobId, ApiError> {
    text.parse().map_err(|_| no_such_job())
}

/// The code of a job that isn't there.
const JOB_NOT_FOUND: &str = "JOB_NOT_FOUND";

fn no_such_job() -> ApiError {
    ApiError::not_found(JOB_NOT_FOUND, "Job not found")
}

/// A text of a body, unless it is too long.
fn bounded(key: &str, text: &str, chars_max: usize) -> Result<String, ApiError> {
    if text.chars().count() > chars_max {
        let text = format!("{key} is longer than {chars_max} characters");
        return Err(ApiError::bad_request("INVALID_MESSAGE", text));
    }
    Ok(text.to_owned())
}
