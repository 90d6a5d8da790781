//! `schedules.toml`: the seed's keys, the showcase's, and ours.

mod bounds;
mod fields;
mod input;
mod policy;
mod problem;
mod regular;
mod rule;
mod table;
mod watch;

use jiff::tz::TimeZone;
use toml::de::DeTable;

use crate::schedule::Schedule;
use problem::Lines;

pub use bounds::zone;
pub use problem::{Problem, Problems};
pub use regular::{open_regular, read_regular};
pub use watch::{Look, Watch};

/// The largest file, bytes.
pub const FILE_MAX_BYTES: usize = 1 << 20;
/// The most schedules in a file.
pub const SCHEDULES_MAX: usize = 1_000;

/// Reads the text of a `schedules.toml`. `zone` is for schedules that name none.
///
/// # Errors
/// Everything that is wrong with it, in the order of the lines.
pub fn parse(text: &str, zone: &TimeZone) -> Result<Vec<Schedule>, Problems> {
    let mut problems = Problems::default();
    if text.len() > FILE_MAX_BYTES {
        problems.add(
            None,
            "",
            "",
            format!("the file is larger than {FILE_MAX_BYTES} bytes"),
        );
        return Err(problems);
    }
    let lines = Lines::of(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let line = error.span().map(|span| lines.number(span.start));
        problems.add(line, "", "", error.message().to_owned());
    }
    if !problems.is_empty() {
        problems.sort();
        // What was recovered is not what was meant: don't blame its keys.
        return Err(problems);
    }
    let document = document.into_inner();
    if document.len() > SCHEDULES_MAX {
        let message = format!("{} schedules, the most is {SCHEDULES_MAX}", document.len());
        problems.add(None, "", "", message);
    }
    let mut schedules = Vec::new();
    for (name, value) in document.iter().take(SCHEDULES_MAX) {
        let schedule = table::read(name, value, zone, &lines, &mut problems);
        schedules.extend(schedule);
    }
    problems.sort();
    if problems.is_empty() {
        Ok(schedules)
    } else {
        Err(problems)
    }
}

#[cfg(test)]
mod tests;
