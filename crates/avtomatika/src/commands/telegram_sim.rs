//! `avtomatika telegram-sim`.

use std::process::ExitCode;

use avtomatika_telegram_sim::command;

pub(crate) async fn run(args: command::Args) -> anyhow::Result<ExitCode> {
    command::run(args).await
}
