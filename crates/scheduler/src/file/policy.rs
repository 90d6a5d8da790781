//! The keys that say what happens when the plan can't be kept.

use super::fields::{Fields, integer};
use crate::schedule::{Missed, Overlap};
use crate::timetable::Rule;

/// Runs made up for by `run_all` without `missed_max`, and at most.
const MISSED: (u32, u32) = (100, 1_000);
/// The longest jitter, milliseconds.
const JITTER_MAX_MS: u64 = 86_400_000;

/// `missed` with `missed_max`.
pub(super) fn missed(fields: &mut Fields<'_>) -> Missed {
    let (default, most) = MISSED;
    let max = fields.take("missed_max").map(|field| {
        let max = integer(field.value).and_then(|max| u32::try_from(max).ok());
        let max = max.filter(|max| (1..=most).contains(max));
        if max.is_none() {
            fields.wrong(&field, &format!("must be a whole number from 1 to {most}"));
        }
        (field.at, max.unwrap_or(default))
    });
    let missed = match fields.text("missed") {
        None | Some(("run_once", _)) => Missed::RunOnce,
        Some(("skip", _)) => Missed::Skip,
        Some(("run_all", _)) => Missed::RunAll {
            max: max.map_or(default, |(_, max)| max),
        },
        Some((_, at)) => {
            let message = "must be \"skip\", \"run_once\" or \"run_all\"";
            fields.report("missed", Some(at), message);
            return Missed::RunOnce;
        }
    };
    if let Some((at, _)) = max
        && !matches!(missed, Missed::RunAll { .. })
    {
        let message = "means something with missed = \"run_all\" only";
        fields.report("missed_max", Some(at), message);
    }
    missed
}

/// `overlap`.
pub(super) fn overlap(fields: &mut Fields<'_>) -> Overlap {
    match fields.text("overlap") {
        None | Some(("allow", _)) => Overlap::Allow,
        Some(("skip", _)) => Overlap::Skip,
        Some(("queue", _)) => Overlap::Queue,
        Some(("cancel", _)) => Overlap::Cancel,
        Some((_, at)) => {
            let message = "must be \"allow\", \"skip\", \"queue\" or \"cancel\"";
            fields.report("overlap", Some(at), message);
            Overlap::Allow
        }
    }
}

/// `jitter_seconds`.
pub(super) fn jitter_ms(fields: &mut Fields<'_>, rule: Option<&Rule>) -> u64 {
    let max = match rule {
        // A delay as long as the interval would only be a second, hidden start.
        Some(Rule::Every { period_ms }) => JITTER_MAX_MS.min(*period_ms),
        _ => JITTER_MAX_MS,
    };
    fields.seconds("jitter_seconds", 0, max).unwrap_or(0)
}
