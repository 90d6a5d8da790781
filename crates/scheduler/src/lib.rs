//! Jobs posted by the clock: cron, intervals and calendars with time zones.
//!
//! What has run is remembered in one document per schedule. Each turn of a schedule reads it,
//! decides, writes down what is to run, posts that under keys made of the planned instants, and
//! writes down which jobs it became. So any number of schedulers may share a store, and may crash
//! anywhere: a run that was decided on is posted by whoever sees it next, and makes one job.
//!
//! | Module | What is in it |
//! |---|---|
//! | [`timetable`] | when a schedule comes due: pure, with daylight saving |
//! | [`schedule`] | one table of `schedules.toml` |
//! | [`mod@file`] | the file, read with all its mistakes at once |
//! | [`record`] | what is remembered of a schedule |
//! | [`decide`] | what is to be run now: pure |
//! | [`port`] | what is needed of an engine |
//! | [`service`] | the loop, and what can be asked of it |

pub mod decide;
pub mod file;
pub mod port;
pub mod record;
pub mod schedule;
pub mod service;
pub mod timetable;

pub use schedule::Schedule;
pub use service::{Handle, Options, Scheduler, Source};
