//! The `avtomatika` binary: one sub-command, one file.

mod args;
mod commands;
mod local;
mod logs;
mod signals;
mod traces;

use std::process::ExitCode;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = args::Args::parse();
    // Clients of every kind take it from here. An error would mean that there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if matches!(args.command, args::Command::Bench(_)) {
        // It shares the machine with what it measures, and one thread has time to spare.
        builder.worker_threads(1);
    }
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return commands::complain(&anyhow::anyhow!(error).context("start up")),
    };
    match runtime.block_on(Box::pin(commands::run(args))) {
        Ok(code) => code,
        Err(error) => commands::complain(&error),
    }
}
