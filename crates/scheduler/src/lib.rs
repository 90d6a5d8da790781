//! Jobs posted by the clock: cron, intervals and calendars with time zones.
//!
//! | Module | What is in it |
//! |---|---|
//! | [`decide`] | what is to be run now: pure |
//! | [`file`] | `schedules.toml`, read with all its mistakes at once |
//! | [`record`] | what is remembered of a schedule |
//! | [`schedule`] | one table of it |
//! | [`timetable`] | when a schedule comes due: pure, with daylight saving |

pub mod decide;
pub mod file;
pub mod record;
pub mod schedule;
pub mod timetable;

pub use schedule::Schedule;
