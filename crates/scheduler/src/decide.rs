//! What is to be run now: a pure function of the schedule, its record and the clock.

use jiff::Timestamp;

use crate::record::{Adopted, How, Record, Run, instant};
use crate::schedule::{Missed, Overlap, Schedule};
use crate::timetable::Due;

/// How late the newest run may be and still count as on time, milliseconds: the seed took the
/// whole minute for the right one.
pub const NEWEST_ON_TIME_MS: u64 = 60_000;
/// How late any run may be and still count as on time, milliseconds: a busy machine's hiccup.
pub const ON_TIME_MS: u64 = 2_000;
/// Runs kept of a stretch of time besides those that `run_all` makes up for.
const KEEP: usize = 100;

/// What was decided besides what the record says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// Runs dropped because nobody was there at their time.
    pub missed: u64,
    /// Runs dropped because an earlier one's job had not ended.
    pub skipped: u64,
}

/// Whether there is something to decide: a planned instant has come, or a run waits.
pub fn is_due(schedule: &Schedule, adopted: &Adopted, record: &Record, now_ms: u64) -> bool {
    record.waiting_ms.is_some() || !due(schedule, adopted, record, now_ms, 1).newest.is_empty()
}

/// Decides about all instants that have come. `is_busy`: a job of an earlier run has not ended.
/// Runs to be posted are put into the record.
pub fn decide(
    schedule: &Schedule,
    adopted: &Adopted,
    record: &mut Record,
    now_ms: u64,
    is_busy: bool,
) -> Decided {
    debug_assert!(
        record.firing.is_empty(),
        "decided before the last runs were posted"
    );
    let keep = match schedule.missed {
        Missed::RunAll { max } => KEEP + usize::try_from(max).unwrap_or(KEEP),
        Missed::Skip | Missed::RunOnce => KEEP,
    };
    let due = due(schedule, adopted, record, now_ms, keep);
    if let Some(last) = due.newest.last() {
        record.settled_ms = ms(*last);
    }
    let late_from_ms = now_ms.saturating_sub(schedule.delay_ms());
    let (runs, missed) = choose(schedule.missed, &due.newest, late_from_ms);
    let missed = missed + due.older;
    let skipped = overlap(schedule.overlap, record, runs, is_busy);
    Decided { missed, skipped }
}

fn due(schedule: &Schedule, adopted: &Adopted, record: &Record, now_ms: u64, keep: usize) -> Due {
    let after_ms = record.settled_ms.max(adopted.since_ms.saturating_sub(1));
    let until_ms = now_ms.saturating_sub(schedule.delay_ms());
    let stretch = (
        instant(adopted.anchor_ms),
        instant(after_ms),
        instant(until_ms),
    );
    match stretch {
        (Some(anchor), Some(after), Some(until)) if after < until => {
            schedule.timetable.due(anchor, after, until, keep)
        }
        _ => Due::default(),
    }
}

/// Which of the instants that came are run, and how many of them are not.
fn choose(missed: Missed, due: &[Timestamp], now_ms: u64) -> (Vec<Run>, u64) {
    let newest = due.len().saturating_sub(1);
    let is_on_time = |index: usize, at_ms: u64| {
        let late_ms = now_ms.saturating_sub(at_ms);
        late_ms <= ON_TIME_MS || (index == newest && late_ms <= NEWEST_ON_TIME_MS)
    };
    let (on_time, late): (Vec<_>, Vec<_>) = due
        .iter()
        .map(|at| ms(*at))
        .enumerate()
        .partition(|(index, at_ms)| is_on_time(*index, *at_ms));
    let made_up = match missed {
        Missed::Skip => 0,
        // A run that is on time makes up for those before it.
        Missed::RunOnce => usize::from(on_time.is_empty()).min(late.len()),
        Missed::RunAll { max } => usize::try_from(max).unwrap_or(usize::MAX).min(late.len()),
    };
    let dropped = late.len() - made_up;
    let run = |how| move |(_, at_ms): &(usize, u64)| Run { at_ms: *at_ms, how };
    let late_runs = late.iter().skip(dropped).map(run(How::CaughtUp));
    let runs = late_runs.chain(on_time.iter().map(run(How::OnTime)));
    (runs.collect(), u64::try_from(dropped).unwrap_or(u64::MAX))
}

/// Puts into the record what of the runs may begin or wait. Answers how many were dropped.
fn overlap(policy: Overlap, record: &mut Record, mut runs: Vec<Run>, is_busy: bool) -> u64 {
    // With a policy that lets nobody wait, one that waits since an earlier policy is dropped.
    let waited = record.waiting_ms.take();
    let offered = runs.len() + usize::from(waited.is_some());
    match policy {
        Overlap::Allow => record.firing.append(&mut runs),
        // The newest replaces the others before they begin.
        Overlap::Cancel => record.firing.extend(runs.pop()),
        // The first takes the place that the others then find taken.
        Overlap::Skip if is_busy => {}
        Overlap::Skip => record.firing.extend(runs.first()),
        Overlap::Queue => {
            let mut line = waited.map(queued).into_iter().chain(runs);
            if !is_busy {
                record.firing.extend(line.next());
            }
            record.waiting_ms = line.next().map(|run| run.at_ms);
        }
    }
    let kept = record.firing.len() + usize::from(record.waiting_ms.is_some());
    u64::try_from(offered - kept).unwrap_or(u64::MAX)
}

fn queued(at_ms: u64) -> Run {
    Run {
        at_ms,
        how: How::Queued,
    }
}

fn ms(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
