//! `avtomatika blueprint`: check and draw blueprint files.

mod check;
mod graph;
mod together;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use avtomatika_blueprint::Source;

/// `avtomatika blueprint …`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Check blueprint files; say all that is wrong with them
    Check(check::CheckArgs),
    /// Draw a blueprint file: its states and the ways between them
    Graph(graph::GraphArgs),
}

/// Runs a sub-command.
pub(crate) async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(args) => check::check(&args).await,
        Command::Graph(args) => graph::graph(&args),
    }
}

fn read(file: &Path) -> anyhow::Result<Source> {
    let bytes = fs::read(file).with_context(|| format!("read {}", file.display()))?;
    let text = String::from_utf8(bytes).with_context(|| format!("read {}", file.display()))?;
    Ok(Source::new(file.display().to_string(), text))
}
