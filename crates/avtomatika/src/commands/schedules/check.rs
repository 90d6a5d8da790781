//! `avtomatika schedules check FILE`.

use std::process::ExitCode;

use serde_json::json;

use super::read;
use crate::args::CheckArgs;
use crate::commands::output;

/// Tells everything that is wrong with a file; 1 if something is.
pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let read = read(&args.file, &args.zone.zone()?)?;
    let file = args.file.display();
    if args.json {
        let problems = read.as_ref().err().map_or(&[][..], |problems| &problems.0);
        let schedules = read.as_ref().map_or(0, Vec::len);
        output::line(format_args!(
            "{}",
            json!({"schedules": schedules, "problems": problems})
        ))?;
    } else {
        match &read {
            Ok(schedules) => {
                let off = schedules.iter().filter(|one| !one.enabled).count();
                output::line(format_args!(
                    "{file}: {} schedules, {off} of them off",
                    schedules.len()
                ))?;
            }
            Err(problems) => {
                for problem in &problems.0 {
                    output::line(format_args!("{file}: {problem}"))?;
                }
            }
        }
    }
    Ok(match read {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}
