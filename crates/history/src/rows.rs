//! Rows as what is read from them.

use std::collections::BTreeMap;

use avtomatika_protocol::history::{JobEvent, JobSummary};
use avtomatika_protocol::{ClientId, Failure, JobId, JobStatus, TaskId, WorkerId};
use serde::de::DeserializeOwned;

use crate::backend::Columns;
use crate::error::{Error, Result};

/// The columns of [`summary`], of the table `j`; the labels follow them.
pub(crate) const SUMMARY_COLUMNS: &str = "j.id, j.blueprint, j.blueprint_version, j.status, \
     j.state, j.created_at_ms, j.updated_at_ms, j.ended_at_ms, j.parent, \
     CAST(j.failure AS TEXT), j.client";

/// Reads a job and whose it is.
pub(crate) fn owned_summary(row: &dyn Columns) -> Result<(ClientId, JobSummary)> {
    Ok((ClientId(row.text(10)?), summary(row)?))
}

/// Reads a job.
pub(crate) fn summary(row: &dyn Columns) -> Result<JobSummary> {
    let error: Option<Failure> = json(row.maybe_text(9)?)?;
    let labels: Option<BTreeMap<String, String>> = json(row.maybe_text(11)?)?;
    Ok(JobSummary {
        id: JobId(row.id(0)?),
        blueprint_name: row.text(1)?,
        blueprint_version: row.text(2)?,
        status: status(&row.text(3)?)?,
        current_state: row.text(4)?,
        created_at_ms: unsigned(row.int(5)?),
        updated_at_ms: unsigned(row.int(6)?),
        ended_at_ms: row.maybe_int(7)?.map(unsigned),
        parent_job_id: row.maybe_id(8)?.map(JobId),
        error_message: error.as_ref().map(|failure| failure.message.clone()),
        error,
        labels: labels.unwrap_or_default(),
    })
}

/// The columns of [`event`].
pub(crate) const EVENT_COLUMNS: &str = "job_id, version, n, at_ms, kind, state, previous_state, \
     status, task_id, task_type, worker, attempt, CAST(failure AS TEXT), CAST(details AS TEXT)";

/// Reads an event.
pub(crate) fn event(row: &dyn Columns) -> Result<JobEvent> {
    Ok(JobEvent {
        job_id: JobId(row.id(0)?),
        version: unsigned(row.int(1)?),
        n: u16::try_from(row.int(2)?).unwrap_or(u16::MAX),
        at_ms: unsigned(row.int(3)?),
        event_type: row.text(4)?,
        state: row.text(5)?,
        previous_state: row.maybe_text(6)?,
        status: status(&row.text(7)?)?,
        task_id: row.maybe_id(8)?.map(TaskId),
        task_type: row.maybe_text(9)?,
        worker_id: row.maybe_text(10)?.map(WorkerId),
        attempt_number: row
            .maybe_int(11)?
            .map(|attempt| u32::try_from(attempt).unwrap_or(u32::MAX)),
        error: json(row.maybe_text(12)?)?,
        details: json(row.maybe_text(13)?)?,
    })
}

fn status(text: &str) -> Result<JobStatus> {
    JobStatus::from_name(text).ok_or_else(|| Error::BrokenRow(format!("the status '{text}'")))
}

fn json<T: DeserializeOwned>(text: Option<String>) -> Result<Option<T>> {
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| Error::BrokenRow(error.to_string()))
}

pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
