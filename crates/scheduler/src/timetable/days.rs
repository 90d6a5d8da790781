//! A time of day, daily, on days of the week or on days of the month.

use std::fmt;

use jiff::ToSpan as _;
use jiff::civil::{DateTime, Time};

/// Names of the days of the week, Monday first, as the file has them.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Days looked at before a rule is taken to have none: a 31st that must be a Monday, say, comes
/// within two years.
const LOOK_DAYS: u32 = 8 * 366;

/// A time of day on some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Days {
    /// When.
    pub time: Time,
    /// On which days of the week, Monday being bit 0; `None`: on all.
    pub weekdays: Option<u8>,
    /// On which days of the month, the 1st being bit 1; `None`: on all. Months that have no such
    /// day are passed over.
    pub dates: Option<u32>,
}

impl Days {
    /// The first such time of a wall clock after the given one.
    pub(super) fn next_after(&self, after: DateTime) -> Option<DateTime> {
        let mut date = after.date();
        if self.time <= after.time() {
            date = date.tomorrow().ok()?;
        }
        for _ in 0..LOOK_DAYS {
            let weekday = 1_u8 << date.weekday().to_monday_zero_offset();
            let day = 1_u32 << date.day();
            let fits = self.weekdays.is_none_or(|days| days & weekday != 0)
                && self.dates.is_none_or(|dates| dates & day != 0);
            if fits {
                return Some(date.to_datetime(self.time));
            }
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }

    /// The days of the week by name.
    pub fn weekday_names(&self) -> Option<Vec<&'static str>> {
        let days = self.weekdays?;
        let named = WEEKDAYS.iter().enumerate();
        Some(
            named
                .filter(|(index, _)| days & (1 << index) != 0)
                .map(|(_, name)| *name)
                .collect(),
        )
    }

    /// The days of the month by number.
    pub fn date_numbers(&self) -> Option<Vec<u32>> {
        let dates = self.dates?;
        Some((1..=31).filter(|date| dates & (1 << date) != 0).collect())
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.weekdays.is_none() && self.dates.is_none() {
            "daily"
        } else {
            "on"
        })?;
        if let Some(names) = self.weekday_names() {
            write!(f, " {}", names.join(","))?;
        }
        if let Some(dates) = self.date_numbers() {
            let dates: Vec<_> = dates.iter().map(ToString::to_string).collect();
            write!(f, " {}.", dates.join(","))?;
        }
        write!(f, " at {}", self.time)
    }
}
