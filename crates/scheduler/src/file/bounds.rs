//! Zone, start and end.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use toml::de::DeValue;

use super::fields::{Field, Fields};
use crate::timetable::{Rule, Timetable};

/// Reads a zone: an IANA name, or what else the variable `TZ` may hold (POSIX.1, base definitions
/// 8.3), but for paths of files. Empty is UTC.
///
/// # Errors
/// When there is no such zone.
pub fn zone(name: &str) -> Result<TimeZone, jiff::Error> {
    let name = name.strip_prefix(':').unwrap_or(name);
    if name.is_empty() {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).or_else(|error| TimeZone::posix(name).map_err(|_| error))
}

/// The schedule's zone: its own, or the default.
pub(super) fn own_zone(fields: &mut Fields<'_>, default: &TimeZone) -> TimeZone {
    let Some((name, at)) = fields.text("timezone") else {
        return default.clone();
    };
    match TimeZone::get(name) {
        Ok(zone) if zone.iana_name().is_some() || name == "UTC" => zone,
        _ => {
            let message = format!("no time zone '{name}': IANA names are like Europe/Berlin");
            fields.report("timezone", Some(at), &message);
            default.clone()
        }
    }
}

/// `start_at` and `end_at`.
pub(super) fn start_and_end(
    fields: &mut Fields<'_>,
    zone: &TimeZone,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let start = fields.take("start_at");
    let end = fields.take("end_at");
    let from = start.and_then(|field| moment(fields, &field, zone));
    let until = end.as_ref().and_then(|field| moment(fields, field, zone));
    if let (Some(from), Some(until), Some(field)) = (from, until, &end)
        && until <= from
    {
        fields.wrong(field, "is not after start_at");
    }
    (from, until)
}

/// A date and time, in the schedule's zone unless it has an offset of its own.
fn moment(fields: &mut Fields<'_>, field: &Field<'_>, zone: &TimeZone) -> Option<Timestamp> {
    let text = match field.value {
        DeValue::String(text) => text.to_string(),
        DeValue::Datetime(moment) => moment.to_string(),
        _ => String::new(),
    };
    let moment = text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        zone.to_ambiguous_timestamp(local).compatible().ok()
    });
    if moment.is_none() {
        let message = "must be a date and time like 2026-12-01T08:00:00 or 2026-12-01T08:00:00Z";
        fields.wrong(field, message);
    }
    moment
}

/// Checks that the rule has instants at all.
pub(super) fn comes(fields: &mut Fields<'_>, timetable: &Timetable) {
    // Any instant will do: what doesn't come after this one doesn't come after any.
    let from = timetable.start.unwrap_or(Timestamp::UNIX_EPOCH);
    let from = from
        .checked_sub(SignedDuration::from_millis(1))
        .unwrap_or(from);
    if timetable.next_after(from, from).is_none() {
        let message = match (&timetable.rule, timetable.end) {
            (Rule::Every { .. }, _) | (_, Some(_)) => "never comes before end_at",
            _ => "never comes: no day fits",
        };
        fields.report("", None, message);
    }
}
