//! `avtomatika schedules next FILE`.

use std::process::ExitCode;

use anyhow::Context as _;
use avtomatika_engine::clock::{Clock as _, SystemClock};
use avtomatika_scheduler::Schedule;
use avtomatika_scheduler::record::instant;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::read;
use crate::args::NextArgs;
use crate::commands::output;

/// Tells when the schedules of a file run next. Intervals are counted from now, as if the
/// schedules were new.
pub(super) fn run(args: &NextArgs) -> anyhow::Result<ExitCode> {
    let schedules = read(&args.file, &args.zone.zone()?)?
        .map_err(|problems| anyhow::anyhow!("{} is wrong:\n{problems}", args.file.display()))?;
    let now = instant(SystemClock.now_ms()).context("the clock is past the end of the calendar")?;
    let count = usize::from(args.count);
    if args.json {
        let shown: Vec<Value> = schedules
            .iter()
            .map(|schedule| as_json(schedule, now, count))
            .collect();
        output::line(format_args!("{}", json!({ "schedules": shown })))?;
        return Ok(ExitCode::SUCCESS);
    }
    for schedule in &schedules {
        let state = if schedule.enabled { "" } else { " (off)" };
        output::line(format_args!("{}{state}", schedule.name))?;
        let runs = runs(schedule, now, count);
        for at in &runs {
            output::line(format_args!("  {}  {at:.0}", local(schedule, *at)))?;
        }
        if runs.len() < count {
            output::line(format_args!("  no more"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The next runs, with the schedule's delay.
fn runs(schedule: &Schedule, now: Timestamp, count: usize) -> Vec<Timestamp> {
    let delay = i64::try_from(schedule.delay_ms()).unwrap_or(0);
    let delay = SignedDuration::from_millis(delay);
    // What is planned for this very moment counts.
    let mut at = now - SignedDuration::from_millis(1);
    let mut runs = Vec::new();
    while runs.len() < count
        && let Some(next) = schedule.timetable.next_after(now, at)
        && let Ok(posted) = next.checked_add(delay)
    {
        runs.push(posted);
        at = next;
    }
    runs
}

/// The time on the clock of the schedule's zone.
fn local(schedule: &Schedule, at: Timestamp) -> String {
    let offset = schedule.timetable.zone.to_offset(at);
    let shown = at.display_with_offset(offset);
    format!("{shown:.0}")
}

fn as_json(schedule: &Schedule, now: Timestamp, count: usize) -> Value {
    let runs = runs(schedule, now, count);
    let runs = runs
        .iter()
        .map(|at| json!({ "at": local(schedule, *at), "at_ms": at.as_millisecond() }));
    json!({
        "name": schedule.name,
        "enabled": schedule.enabled,
        "next": runs.collect::<Vec<_>>(),
    })
}
