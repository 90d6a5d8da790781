//! Cron patterns: a narrow face on the crate that reads them.
//!
//! Only its search over wall-clock times is used. What they become in a zone whose clocks are
//! put forward and back is decided in [`super::local`], by one rule for all kinds of schedules.

use std::fmt;
use std::sync::Arc;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;

/// A cron pattern of five fields, or six with seconds first.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    cron: Arc<Cron>,
    is_hourly: bool,
}

/// Why a text is no cron pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPattern(String);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`BadPattern`] with the reason.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let fields = text.split_whitespace().count();
        let is_nickname = text.trim_start().starts_with('@');
        if !is_nickname && !(5..=6).contains(&fields) {
            return Err(BadPattern(format!(
                "a cron pattern has 5 fields, or 6 with seconds first, not {fields}"
            )));
        }
        let parser = CronParser::builder()
            .seconds(Seconds::Optional)
            .year(Year::Optional)
            .build();
        let cron = parser
            .parse(text)
            .map_err(|error| BadPattern(error.to_string().trim_end_matches('.').to_owned()))?;
        let is_hourly = (0..24).all(|hour| cron.pattern.hour_match(hour).unwrap_or(false));
        Ok(Self {
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
            cron: Arc::new(cron),
            is_hourly,
        })
    }

    /// Whether it is for every hour of the day: such a pattern means "every so often", not a
    /// time of day.
    pub(super) fn is_hourly(&self) -> bool {
        self.is_hourly
    }

    /// The first time of a wall clock after the given one that fits.
    pub(super) fn next_after(&self, after: DateTime) -> Option<DateTime> {
        self.cron.find_next_occurrence(&after, false).ok()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.cron == other.cron
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
