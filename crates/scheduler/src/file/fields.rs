//! The keys of one table, taken out one by one. What is left over is unknown.

use std::collections::BTreeMap;
use std::ops::Range;

use avtomatika_protocol::suggest::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Lines, Problems};

/// Every key of a schedule.
pub(super) const KEYS: [&str; 21] = [
    "blueprint",
    "input_data",
    "initial_data",
    "enabled",
    "interval_seconds",
    "daily_at",
    "weekly_days",
    "monthly_dates",
    "time",
    "cron",
    "timezone",
    "missed",
    "missed_max",
    "overlap",
    "jitter_seconds",
    "client",
    "labels",
    "start_at",
    "end_at",
    "dispatch_timeout",
    "result_timeout",
];

/// Keys of later editions of the seed that have their place elsewhere here.
const MOVED: [&str; 2] = ["dispatch_timeout", "result_timeout"];

/// A key with its value and where both are.
pub(super) struct Field<'a> {
    pub(super) key: &'static str,
    pub(super) value: &'a DeValue<'a>,
    /// Where a mistake in the value is reported.
    pub(super) at: usize,
}

/// The keys of one table that have not been asked for, and the mistakes found so far.
pub(super) struct Fields<'a> {
    table: String,
    /// Where the table begins.
    at: usize,
    left: BTreeMap<&'a str, (Range<usize>, &'a Spanned<DeValue<'a>>)>,
    lines: &'a Lines,
    problems: Problems,
}

impl<'a> Fields<'a> {
    pub(super) fn new(table: &str, at: usize, values: &'a DeTable<'a>, lines: &'a Lines) -> Self {
        let left = values.iter().map(|(key, value)| {
            let name: &str = key.get_ref();
            (name, (key.span(), value))
        });
        Self {
            table: table.to_owned(),
            at,
            left: left.collect(),
            lines,
            problems: Problems::default(),
        }
    }

    /// Whether the key is there and has not been taken out.
    pub(super) fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }

    /// Takes a key out.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Field<'a>> {
        let (at, value) = self.left.remove(key)?;
        Some(Field {
            key,
            value: value.get_ref(),
            at: at.start,
        })
    }

    /// Takes a text out.
    pub(super) fn text(&mut self, key: &'static str) -> Option<(&'a str, usize)> {
        let field = self.take(key)?;
        match field.value.as_str() {
            Some("") => self.wrong(&field, "must not be empty"),
            Some(text) => return Some((text, field.at)),
            None => self.not(&field, "a text in quotes"),
        }
        None
    }

    /// Takes a truth out.
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let Some(field) = self.take(key) else {
            return default;
        };
        field.value.as_bool().unwrap_or_else(|| {
            self.not(&field, "true or false");
            default
        })
    }

    /// Takes a number of seconds out, as milliseconds.
    pub(super) fn seconds(&mut self, key: &'static str, min_ms: u64, max_ms: u64) -> Option<u64> {
        let field = self.take(key)?;
        let seconds = match field.value {
            DeValue::Integer(_) => integer(field.value).and_then(|seconds| {
                // Out of range either way: the bounds below name it.
                Some(u64::try_from(seconds).ok()?.saturating_mul(1_000))
            }),
            DeValue::Float(number) => number.as_str().parse().ok().and_then(milliseconds),
            _ => {
                self.not(&field, "a number of seconds");
                return None;
            }
        };
        match seconds {
            Some(ms) if (min_ms..=max_ms).contains(&ms) => Some(ms),
            _ => {
                let (min, max) = (min_ms / 1_000, max_ms / 1_000);
                self.wrong(&field, &format!("must be between {min} and {max} seconds"));
                None
            }
        }
    }

    /// Notes that a value is of the wrong kind.
    pub(super) fn not(&mut self, field: &Field<'_>, wanted: &str) {
        let message = format!("must be {wanted}, not a TOML {}", field.value.type_str());
        self.wrong(field, &message);
    }

    /// Notes a mistake in a value.
    pub(super) fn wrong(&mut self, field: &Field<'_>, message: &str) {
        self.report(field.key, Some(field.at), message);
    }

    /// Notes a mistake in the value of a key, or of the table where that is not there.
    pub(super) fn report(&mut self, key: &str, at: Option<usize>, message: &str) {
        let line = self.lines.number(at.unwrap_or(self.at));
        self.problems
            .add(Some(line), &self.table, key, message.to_owned());
    }

    /// All mistakes, keys nobody has asked for among them.
    pub(super) fn finish(mut self) -> Problems {
        for (key, (at, _)) in std::mem::take(&mut self.left) {
            let hint = if MOVED.contains(&key) {
                ": write time limits into the blueprint".to_owned()
            } else {
                let meant = begins_alike(key).or_else(|| nearest(key, &KEYS));
                let meant = meant.filter(|meant| !MOVED.contains(meant));
                meant.map_or_else(String::new, |meant| format!(", did you mean '{meant}'?"))
            };
            self.report(key, Some(at.start), &format!("unknown key{hint}"));
        }
        self.problems
    }
}

/// The key that begins as this one does and only ends otherwise: `interval_secs`.
fn begins_alike(key: &str) -> Option<&'static str> {
    let same = |known: &str| {
        let pairs = key.chars().zip(known.chars());
        pairs.take_while(|(one, other)| one == other).count()
    };
    let best = KEYS.into_iter().max_by_key(|known| same(known))?;
    (same(best) >= 6).then_some(best)
}

/// A whole number of TOML.
pub(super) fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// Seconds with a fraction as milliseconds.
fn milliseconds(seconds: f64) -> Option<u64> {
    let duration = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    u64::try_from(duration.as_millis()).ok()
}
