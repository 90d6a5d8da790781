//! A schedule: what is posted, when, and what happens when that can't be kept.

use std::collections::BTreeMap;

use avtomatika_protocol::ClientId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::timetable::{Rule, Timetable};

/// The client that owns the jobs of schedules that name none.
pub const INTERNAL_CLIENT: &str = "internal-scheduler";
/// The label that says which schedule posted a job.
pub const LABEL: &str = "schedule";

/// What happens to runs that should have been while nobody was there to post them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// They are dropped.
    Skip,
    /// One run makes up for all of them.
    RunOnce,
    /// All of them run, the newest so many at most.
    RunAll {
        /// How many.
        max: u32,
    },
}

/// What happens when a run is due and the job of an earlier one has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// Both run: what the seed did.
    #[default]
    Allow,
    /// The new one is dropped.
    Skip,
    /// The new one waits for the earlier one's end; one waits, more are dropped.
    Queue,
    /// The earlier one is cancelled.
    Cancel,
}

/// One table of `schedules.toml`.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The table's name.
    pub name: String,
    /// What its jobs walk through.
    pub blueprint: String,
    /// What its jobs are posted with.
    pub input: Value,
    /// When.
    pub timetable: Timetable,
    /// Whether it runs at all.
    pub enabled: bool,
    /// Runs nobody was there for.
    pub missed: Missed,
    /// Runs that meet an earlier one's job.
    pub overlap: Overlap,
    /// Bound of the fixed delay that keeps schedules of one minute apart, milliseconds.
    pub jitter_ms: u64,
    /// Who owns its jobs.
    pub client: ClientId,
    /// What its jobs are labelled with, besides [`LABEL`].
    pub labels: BTreeMap<String, String>,
}

impl Schedule {
    /// How much later than planned its jobs are posted, milliseconds: always the same, and the
    /// same on every orchestrator, but different from schedule to schedule.
    pub fn delay_ms(&self) -> u64 {
        if self.jitter_ms == 0 {
            return 0;
        }
        // FNV-1a, 64 bits, as in draft-eastlake-fnv; the high half is mixed into the low one,
        // which alone spreads short names badly.
        let hash = self
            .name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
        (hash ^ (hash >> 32)) % (self.jitter_ms + 1)
    }

    /// The labels of its jobs.
    pub fn job_labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.labels.clone();
        labels.insert(LABEL.to_owned(), self.name.clone());
        labels
    }

    /// Its rule with the keys of the file.
    pub fn spec(&self) -> Map<String, Value> {
        let mut spec = Map::new();
        let mut put = |key: &str, value: Value| spec.insert(key.to_owned(), value);
        match &self.timetable.rule {
            Rule::Every { period_ms } if period_ms % 1_000 == 0 => {
                put("interval_seconds", json!(period_ms / 1_000));
            }
            Rule::Every { period_ms } => {
                let seconds = std::time::Duration::from_millis(*period_ms).as_secs_f64();
                put("interval_seconds", json!(seconds));
            }
            Rule::Cron(pattern) => {
                put("cron", pattern.to_string().into());
            }
            Rule::Days(days) => {
                let (weekdays, dates) = (days.weekday_names(), days.date_numbers());
                let is_daily = weekdays.is_none() && dates.is_none();
                let key = if is_daily { "daily_at" } else { "time" };
                put(key, clock(days.time).into());
                if let Some(weekdays) = weekdays {
                    put("weekly_days", json!(weekdays));
                }
                if let Some(dates) = dates {
                    put("monthly_dates", json!(dates));
                }
            }
        }
        if let Some(start) = self.timetable.start {
            put("start_at", start.to_string().into());
        }
        if let Some(end) = self.timetable.end {
            put("end_at", end.to_string().into());
        }
        spec
    }
}

impl Missed {
    /// The word of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::RunOnce => "run_once",
            Self::RunAll { .. } => "run_all",
        }
    }
}

impl Overlap {
    /// The word of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Skip => "skip",
            Self::Queue => "queue",
            Self::Cancel => "cancel",
        }
    }
}

/// A time of day as the file has it: without seconds unless there are some.
fn clock(time: jiff::civil::Time) -> String {
    if time.second() == 0 {
        format!("{:02}:{:02}", time.hour(), time.minute())
    } else {
        time.to_string()
    }
}
