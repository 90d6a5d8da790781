//! `avtomatika schedules check FILE`.

use std::process::ExitCode;

use serde_json::json;

use super::read;
use crate::args::CheckArgs;

/// Tells everything that is wrong with a file; 1 if something is.
#[expect(
    clippy::print_stdout,
    reason = "this is where the binary talks to people"
)]
pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let read = read(&args.file, &args.zone.zone()?)?;
    let file = args.file.display();
    if args.json {
        let problems = read.as_ref().err().map_or(&[][..], |problems| &problems.0);
        let schedules = read.as_ref().map_or(0, Vec::len);
        println!("{}", json!({"schedules": schedules, "problems": problems}));
    } else {
        match &read {
            Ok(schedules) => {
                let off = schedules.iter().filter(|one| !one.enabled).count();
                println!("{file}: {} schedules, {off} of them off", schedules.len());
            }
            Err(problems) => {
                for problem in &problems.0 {
                    println!("{file}: {problem}");
                }
            }
        }
    }
    Ok(match read {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}
