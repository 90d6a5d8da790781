//! `avtomatika schedules`: what can be asked of a file of schedules without a server.

mod check;
mod next;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use avtomatika_scheduler::Schedule;
use avtomatika_scheduler::file::{Problems, parse};
use jiff::tz::TimeZone;

use crate::args::SchedulesCommand;

pub(crate) fn run(command: &SchedulesCommand) -> anyhow::Result<ExitCode> {
    match command {
        SchedulesCommand::Check(args) => check::run(args),
        SchedulesCommand::Next(args) => next::run(args),
    }
}

fn read(file: &Path, zone: &TimeZone) -> anyhow::Result<Result<Vec<Schedule>, Problems>> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("failed to read {}", file.display()))?;
    Ok(parse(&text, zone))
}
