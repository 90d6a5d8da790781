//! The keys that say when.

use jiff::civil::Time;
use toml::de::DeValue;

use super::fields::{Field, Fields, integer};
use crate::timetable::{Days, Pattern, Rule, WEEKDAYS};

/// The shortest and the longest interval, milliseconds.
const INTERVAL_MS: (u64, u64) = (1_000, 10 * 365 * 86_400_000);

/// Reads the rule. `None` if there is none, or it is wrong.
pub(super) fn read(fields: &mut Fields<'_>) -> Option<Rule> {
    let calendar = ["daily_at", "time", "weekly_days", "monthly_dates"];
    let kinds = [
        fields.has("interval_seconds"),
        fields.has("cron"),
        calendar.iter().any(|key| fields.has(key)),
    ];
    let count = kinds.iter().filter(|kind| **kind).count();
    if count == 0 {
        let message = "has no rule: write interval_seconds, cron, daily_at, or weekly_days or \
                       monthly_dates with time";
        fields.report("", None, message);
        return None;
    }
    if count > 1 {
        let message =
            "has several rules: interval_seconds, cron and times of day exclude each other";
        fields.report("", None, message);
    }
    let every = every(fields);
    let cron = cron(fields);
    let days = days(fields);
    every.or(cron).or(days).filter(|_| count == 1)
}

fn every(fields: &mut Fields<'_>) -> Option<Rule> {
    let (min, max) = INTERVAL_MS;
    let period_ms = fields.seconds("interval_seconds", min, max)?;
    Some(Rule::Every { period_ms })
}

fn cron(fields: &mut Fields<'_>) -> Option<Rule> {
    let (text, at) = fields.text("cron")?;
    match Pattern::parse(text) {
        Ok(pattern) => Some(Rule::Cron(pattern)),
        Err(error) => {
            fields.report("cron", Some(at), &error.to_string());
            None
        }
    }
}

/// `daily_at`, or `time` with or without days; days of both kinds must both fit, as in the seed.
fn days(fields: &mut Fields<'_>) -> Option<Rule> {
    let both = fields.has("daily_at") && fields.has("time");
    let daily = fields.take("daily_at");
    let time = fields.take("time");
    if both && let Some(field) = &time {
        fields.wrong(field, "daily_at says the time already");
    }
    let (weekdays, dates) = (fields.take("weekly_days"), fields.take("monthly_dates"));
    let asked = weekdays.is_some() || dates.is_some();
    let is_missing = daily.is_none() && time.is_none();
    if asked && is_missing {
        fields.report(
            "time",
            None,
            "is missing: at which time of these days, \"HH:MM\"",
        );
    }
    let time = daily.or(time).and_then(|field| time_of_day(fields, &field));
    let weekdays = weekdays.map(|field| weekday_bits(fields, &field));
    let dates = dates.map(|field| date_bits(fields, &field));
    // A list that is wrong has been reported; what it would have meant doesn't matter any more.
    Some(Rule::Days(Days {
        time: time?,
        weekdays,
        dates,
    }))
}

fn time_of_day(fields: &mut Fields<'_>, field: &Field<'_>) -> Option<Time> {
    let time = match field.value {
        DeValue::String(text) => time(text),
        // Written without quotes it is a local time of TOML.
        DeValue::Datetime(moment) => time(&moment.to_string()),
        _ => None,
    };
    if time.is_none() {
        fields.wrong(field, "must be a time of day like \"03:30\"");
    }
    time
}

/// `HH:MM` or `HH:MM:SS`.
fn time(text: &str) -> Option<Time> {
    let is_clock = |text: &str| {
        let mut parts = text.split(':');
        (2..=3).contains(&text.split(':').count())
            && parts.all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut parts = text.split(':').map(|part| part.parse::<i8>().ok());
    let is_clock = is_clock(text);
    let hour = parts.next()??;
    let minute = parts.next()??;
    let second = parts.next().unwrap_or(Some(0))?;
    Time::new(hour, minute, second, 0).ok().filter(|_| is_clock)
}

fn weekday_bits(fields: &mut Fields<'_>, field: &Field<'_>) -> u8 {
    let mut bits = 0;
    for value in list(fields, field, "a list of days like [\"mon\", \"thu\"]") {
        let name = value.as_str().map(str::to_lowercase).unwrap_or_default();
        match weekday(&name) {
            Some(index) => bits |= 1 << index,
            None => {
                let known = WEEKDAYS.join(", ");
                fields.wrong(field, &format!("'{}' is no day: {known}", shown(value)));
            }
        }
    }
    bits
}

/// A day by its three letters, or by its whole English name.
fn weekday(name: &str) -> Option<usize> {
    const ENDS: [&str; 7] = ["day", "sday", "nesday", "rsday", "day", "urday", "day"];
    let mut days = WEEKDAYS.iter().zip(ENDS);
    days.position(|(short, end)| {
        name.strip_prefix(short)
            .is_some_and(|rest| rest.is_empty() || rest == end)
    })
}

fn date_bits(fields: &mut Fields<'_>, field: &Field<'_>) -> u32 {
    let mut bits = 0;
    for value in list(fields, field, "a list of days of the month like [1, 15]") {
        match integer(value) {
            Some(date @ 1..=31) => bits |= 1 << date,
            _ => {
                let message = format!("{} is no day of a month: 1 to 31", shown(value));
                fields.wrong(field, &message);
            }
        }
    }
    bits
}

fn list<'a>(fields: &mut Fields<'_>, field: &Field<'a>, wanted: &str) -> Vec<&'a DeValue<'a>> {
    let Some(values) = field.value.as_array() else {
        fields.not(field, wanted);
        return Vec::new();
    };
    if values.is_empty() {
        fields.wrong(field, &format!("must be {wanted}, and not empty"));
    }
    values.iter().map(toml::Spanned::get_ref).collect()
}

/// A value as a message repeats it.
fn shown(value: &DeValue<'_>) -> String {
    const CHARS_MAX: usize = 40;
    let text = match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        other => format!("a TOML {}", other.type_str()),
    };
    text.chars()
        .filter(|c| !c.is_control())
        .take(CHARS_MAX)
        .collect()
}
