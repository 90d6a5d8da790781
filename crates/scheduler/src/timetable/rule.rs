//! The kinds of rules.

use std::fmt;

use super::{Days, Pattern};

/// Which times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// One after another with this much time in between, whatever clocks on walls show.
    Every {
        /// The time in between, milliseconds; not 0.
        period_ms: u64,
    },
    /// A time of day, on all days or some.
    Days(Days),
    /// A cron pattern.
    Cron(Pattern),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every { period_ms } if period_ms % 1_000 == 0 => {
                write!(f, "every {} s", period_ms / 1_000)
            }
            Self::Every { period_ms } => write!(f, "every {period_ms} ms"),
            Self::Days(days) => days.fmt(f),
            Self::Cron(pattern) => write!(f, "cron {pattern}"),
        }
    }
}
