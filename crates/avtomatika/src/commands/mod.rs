//! The sub-commands, one a file.

mod bench;
pub(crate) mod blueprint;
mod blueprint_files;
mod bot_runner;
mod echo;
mod jobs;
mod output;
mod schedules;
mod telegram_sim;
mod up;
mod worker;

use std::process::ExitCode;

use crate::args::{Args, Command, WorkerCommand};
use crate::logs;

/// Runs what the command line asks for.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Up(up) => {
            logs::install(args.log_format);
            up::run(*up).await
        }
        Command::Worker(WorkerCommand::BotRunner(runner)) => {
            logs::install(args.log_format);
            worker::bot_runner(runner).await
        }
        Command::Worker(WorkerCommand::Echo(echo)) => {
            logs::install(args.log_format);
            worker::echo(echo).await
        }
        Command::Jobs(args) => jobs::run(args).await,
        Command::Schedules(command) => schedules::run(&command),
        Command::TelegramSim(sim) => telegram_sim::run(sim).await,
        Command::Blueprint(command) => blueprint::run(command).await,
        Command::Bench(bench) => Box::pin(bench::run(bench)).await,
        Command::BenchRole(role) => {
            logs::install(args.log_format);
            Box::pin(bench::run_role(role)).await
        }
    }
}

/// Says what went wrong, and why, on stderr.
#[expect(
    clippy::print_stderr,
    reason = "this is where the binary talks to people"
)]
pub(crate) fn complain(error: &anyhow::Error) -> ExitCode {
    eprintln!("avtomatika: {error:#}");
    ExitCode::FAILURE
}
