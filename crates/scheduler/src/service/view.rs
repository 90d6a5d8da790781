//! What is shown of schedules.

use std::collections::BTreeMap;
use std::path::PathBuf;

use avtomatika_protocol::{ClientId, JobId, JobStatus};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::file::Problem;
use crate::record::{How, Record, Refused, instant};
use crate::schedule::{Missed, Schedule};

/// A schedule as the API shows it.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// Its name.
    pub name: String,
    /// What its jobs walk through.
    pub blueprint: String,
    /// Who owns its jobs.
    pub client: ClientId,
    /// Whether the file switches it on.
    pub enabled: bool,
    /// Its rule, with the keys of the file.
    pub spec: Map<String, Value>,
    /// The zone of its times.
    pub timezone: String,
    /// What happens to missed runs.
    pub missed: &'static str,
    /// How many of them run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed_max: Option<u32>,
    /// What happens to runs that meet an earlier one's job.
    pub overlap: &'static str,
    /// How much later than planned its jobs are posted, milliseconds.
    pub delay_ms: u64,
    /// What its jobs are labelled with.
    pub labels: BTreeMap<String, String>,
    /// Set while it is paused.
    pub paused: Option<PausedView>,
    /// When it runs next, if it does.
    pub next_run: Option<NextRun>,
    /// The run that waits for an earlier one's job: its planned instant.
    pub waiting_since_ms: Option<u64>,
    /// Its last run.
    pub last_run: Option<LastRun>,
    /// The last run that was refused, if none has run since.
    pub refused: Option<Refused>,
}

/// Who paused a schedule, and when.
#[derive(Clone, Debug, Serialize)]
pub struct PausedView {
    /// When.
    pub at_ms: u64,
    /// Which client.
    pub by: String,
}

/// When a schedule runs next.
#[derive(Clone, Debug, Serialize)]
pub struct NextRun {
    /// When, with its delay.
    pub at_ms: u64,
    /// The same on the clock of its zone, RFC 3339.
    pub at: String,
}

/// A schedule's last run.
#[derive(Clone, Debug, Serialize)]
pub struct LastRun {
    /// The planned instant.
    pub planned_at_ms: u64,
    /// When the job was posted.
    pub fired_at_ms: u64,
    /// How it came about.
    pub how: How,
    /// The job.
    pub job_id: JobId,
    /// The job's status, unless it is gone.
    pub status: Option<JobStatus>,
}

/// What is known of the file.
#[derive(Clone, Debug, Serialize)]
pub struct FileView {
    /// Where it is; of no business of clients'.
    #[serde(skip)]
    pub path: Option<PathBuf>,
    /// When the schedules in force were read.
    pub loaded_at_ms: u64,
    /// What is wrong with the file now; then the schedules are those from before.
    pub problems: Vec<Problem>,
}

impl View {
    pub(super) fn of(
        schedule: &Schedule,
        record: &Record,
        last_status: Option<JobStatus>,
        now_ms: u64,
    ) -> Self {
        let runs = schedule.enabled && record.paused.is_none();
        let next_ms = record.next_ms(schedule, now_ms).filter(|_| runs);
        Self {
            name: schedule.name.clone(),
            blueprint: schedule.blueprint.clone(),
            client: schedule.client.clone(),
            enabled: schedule.enabled,
            spec: schedule.spec(),
            timezone: zone_name(schedule),
            missed: schedule.missed.as_str(),
            missed_max: match schedule.missed {
                Missed::RunAll { max } => Some(max),
                Missed::Skip | Missed::RunOnce => None,
            },
            overlap: schedule.overlap.as_str(),
            delay_ms: schedule.delay_ms(),
            labels: schedule.job_labels(),
            paused: record.paused.as_ref().map(|paused| PausedView {
                at_ms: paused.at_ms,
                by: paused.by.clone(),
            }),
            next_run: next_ms.and_then(|ms| next_run(schedule, ms)),
            waiting_since_ms: record.waiting_ms,
            last_run: record.last.map(|last| LastRun {
                planned_at_ms: last.at_ms,
                fired_at_ms: last.fired_at_ms,
                how: last.how,
                job_id: last.job,
                status: last_status,
            }),
            refused: record.refused.clone(),
        }
    }
}

fn zone_name(schedule: &Schedule) -> String {
    let zone = &schedule.timetable.zone;
    zone.iana_name().unwrap_or("TZ").to_owned()
}

fn next_run(schedule: &Schedule, planned_ms: u64) -> Option<NextRun> {
    let at_ms = planned_ms.saturating_add(schedule.delay_ms());
    let zone = &schedule.timetable.zone;
    let at = instant(at_ms)?;
    let shown = at.display_with_offset(zone.to_offset(at));
    Some(NextRun {
        at_ms,
        at: shown.to_string(),
    })
}
