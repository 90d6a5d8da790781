//! Jobs posted by the clock: cron, intervals and calendars with time zones.
//!
//! | Module | What is in it |
//! |---|---|
//! | [`timetable`] | when a schedule comes due: pure, with daylight saving |

pub mod timetable;
