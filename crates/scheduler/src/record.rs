//! What is remembered of a schedule: one document each, shared by all orchestrators.

use avtomatika_protocol::JobId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::schedule::Schedule;

/// The format written. A higher one is not ours to touch.
pub const FORMAT: u32 = 1;
/// Rules remembered, the newest: orchestrators with different files take turns for a while.
const RULES_MAX: usize = 4;
/// Jobs remembered, the newest.
const JOBS_MAX: usize = 16;

/// What is remembered of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The record's format.
    pub format: u32,
    /// The last instant it was decided about, milliseconds since 1970: no instant up to this one
    /// is decided about again, wherever the clock goes.
    #[serde(default)]
    pub settled_ms: u64,
    /// The rules it has had.
    #[serde(default)]
    pub rules: Vec<Adopted>,
    /// Runs that were decided on and whose jobs are not known yet. Decided is decided: whoever
    /// finds them posts them, under keys that make one job of any number of posts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub firing: Vec<Run>,
    /// The run that waits for the end of an earlier one's job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_ms: Option<u64>,
    /// Set while it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
    /// The last run that made a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Last>,
    /// The jobs of the last runs, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobId>,
    /// The last run that was refused; gone with the next that isn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
}

/// A rule and since when it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// The timetable's fingerprint.
    pub rule: String,
    /// Instants before this are not its business.
    pub since_ms: u64,
    /// What its intervals are counted from.
    pub anchor_ms: u64,
}

/// A run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The planned instant.
    pub at_ms: u64,
    /// How it came about.
    pub how: How,
}

/// How a run came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// At its time.
    OnTime,
    /// Later, because nobody was there at its time.
    CaughtUp,
    /// Later, because an earlier run's job had not ended.
    Queued,
    /// Because somebody asked for it.
    Manual,
}

impl How {
    /// The word used on the wire and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnTime => "on_time",
            Self::CaughtUp => "caught_up",
            Self::Queued => "queued",
            Self::Manual => "manual",
        }
    }
}

/// Who paused it, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// When.
    pub at_ms: u64,
    /// Which client.
    pub by: String,
}

/// A run that made a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// The planned instant.
    pub at_ms: u64,
    /// When the job was posted.
    pub fired_at_ms: u64,
    /// The job.
    pub job: JobId,
    /// How it came about.
    pub how: How,
}

/// A run that was refused for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The planned instant.
    pub at_ms: u64,
    /// When.
    pub tried_at_ms: u64,
    /// Why.
    pub reason: String,
}

impl Record {
    /// The record of a schedule nothing is remembered of.
    pub fn new() -> Self {
        Self {
            format: FORMAT,
            ..Self::default()
        }
    }

    /// The rule as it was adopted.
    pub fn adopted(&self, rule: &str) -> Option<&Adopted> {
        self.rules.iter().find(|adopted| adopted.rule == rule)
    }

    /// Has the schedule's rule hold from now on. An interval goes on from the last run, so that
    /// changing it doesn't run it; one that has never run is due at once, as in the seed.
    pub fn adopt(&mut self, rule: String, now_ms: u64) {
        self.rules.retain(|adopted| adopted.rule != rule);
        let anchor_ms = self.last.map_or(now_ms, |last| last.at_ms.min(now_ms));
        self.keep(Adopted {
            rule,
            since_ms: now_ms,
            anchor_ms,
        });
    }

    /// Remembers a rule as it was adopted earlier.
    pub fn keep(&mut self, adopted: Adopted) {
        self.rules.retain(|other| other.rule != adopted.rule);
        self.rules.push(adopted);
        let surplus = self.rules.len().saturating_sub(RULES_MAX);
        self.rules.drain(..surplus);
    }

    /// Notes the job of a run.
    pub fn ran(&mut self, last: Last) {
        self.firing
            .retain(|run| last.how == How::Manual || run.at_ms != last.at_ms);
        if !self.jobs.contains(&last.job) {
            self.jobs.push(last.job);
            let surplus = self.jobs.len().saturating_sub(JOBS_MAX);
            self.jobs.drain(..surplus);
        }
        self.last = Some(last);
        self.refused = None;
    }

    /// The planned instant that comes next, if the clock shows this.
    pub fn next_ms(&self, schedule: &Schedule, now_ms: u64) -> Option<u64> {
        let rule = schedule.timetable.fingerprint();
        let (since_ms, anchor_ms) = self.adopted(&rule).map_or((now_ms, now_ms), |adopted| {
            (adopted.since_ms, adopted.anchor_ms)
        });
        let after_ms = self.settled_ms.max(since_ms.saturating_sub(1));
        let next = schedule
            .timetable
            .next_after(instant(anchor_ms)?, instant(after_ms)?)?;
        u64::try_from(next.as_millisecond()).ok()
    }
}

/// Milliseconds since 1970 as an instant; `None` past the end of the calendar.
pub fn instant(ms: u64) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()
}
