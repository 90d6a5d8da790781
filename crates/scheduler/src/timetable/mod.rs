//! When a schedule comes due: pure functions of a rule, a zone and an instant.

mod days;
mod due;
mod local;
mod pattern;
mod rule;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use days::{Days, WEEKDAYS};
pub use due::Due;
pub use pattern::{BadPattern, Pattern};
pub use rule::Rule;

/// The instants a schedule is planned for.
#[derive(Clone, Debug)]
pub struct Timetable {
    /// Which times.
    pub rule: Rule,
    /// Whose wall clock the times are read on.
    pub zone: TimeZone,
    /// Nothing is planned before this; intervals are counted from it.
    pub start: Option<Timestamp>,
    /// Nothing is planned at or after this.
    pub end: Option<Timestamp>,
}

impl Timetable {
    /// A timetable without bounds.
    pub fn new(rule: Rule, zone: TimeZone) -> Self {
        Self {
            rule,
            zone,
            start: None,
            end: None,
        }
    }

    /// The first planned instant after `after`, or `None` if there is none any more.
    ///
    /// Intervals without a start are counted from `anchor`; other rules don't look at it.
    ///
    /// Where clocks are put forward, a skipped time runs at the first instant after the gap, once
    /// however many times of the rule were skipped. Where they are put back, a doubled time runs
    /// the first time only. Cron patterns for every hour are different: they follow the clock
    /// through both passes and make up for nothing, so that "every ten minutes" stays that.
    pub fn next_after(&self, anchor: Timestamp, after: Timestamp) -> Option<Timestamp> {
        let after = match self.start {
            Some(start) if after < start => {
                start.checked_sub(SignedDuration::from_millis(1)).ok()?
            }
            _ => after,
        };
        let zone = &self.zone;
        let next = match &self.rule {
            Rule::Every { period_ms } => every(*period_ms, self.start.unwrap_or(anchor), after),
            Rule::Days(days) => local::once(zone, after, |civil| days.next_after(civil)),
            Rule::Cron(pattern) if pattern.is_hourly() => {
                local::each(zone, after, |civil| pattern.next_after(civil))
            }
            Rule::Cron(pattern) => local::once(zone, after, |civil| pattern.next_after(civil)),
        };
        next.filter(|next| self.end.is_none_or(|end| *next < end))
    }

    /// What the timetable is, in one line: two orchestrators whose files say the same get the
    /// same line.
    pub fn fingerprint(&self) -> String {
        use std::fmt::Write as _;
        let mut line = self.rule.to_string();
        if !matches!(self.rule, Rule::Every { .. }) {
            let zone = self.zone.iana_name().unwrap_or("fixed");
            let _ = write!(line, " @ {zone}");
        }
        if let Some(start) = self.start {
            let _ = write!(line, " from {start}");
        }
        if let Some(end) = self.end {
            let _ = write!(line, " until {end}");
        }
        line
    }
}

/// The first of `anchor`, `anchor + period`, … after an instant.
fn every(period_ms: u64, anchor: Timestamp, after: Timestamp) -> Option<Timestamp> {
    if anchor > after {
        return Some(anchor);
    }
    let period = i64::try_from(period_ms).ok().filter(|period| *period > 0)?;
    let passed = after
        .as_millisecond()
        .checked_sub(anchor.as_millisecond())?;
    let count = passed.checked_div(period)?.checked_add(1)?;
    let at = anchor
        .as_millisecond()
        .checked_add(count.checked_mul(period)?)?;
    Timestamp::from_millisecond(at).ok()
}

#[cfg(test)]
mod tests;
