//! `avtomatika blueprint graph`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use avtomatika_blueprint::graph::Graph;
use avtomatika_blueprint::{Problem, parse};

use super::read;
use crate::commands::output;

/// `avtomatika blueprint graph`.
#[derive(Debug, clap::Args)]
pub(crate) struct GraphArgs {
    /// The blueprint file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// `dot` for Graphviz and the like, `svg` for a picture; by the output's ending without it
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write to this file instead of the standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

/// What a graph is written as.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// The DOT language.
    Dot,
    /// A picture.
    Svg,
}

pub(super) fn graph(args: &GraphArgs) -> anyhow::Result<ExitCode> {
    let format = match (args.format, &args.output) {
        (Some(format), _) => format,
        (None, Some(output)) => by_ending(output)?,
        (None, None) => Format::Dot,
    };
    let parsed = match parse(&read(&args.file)?) {
        Ok(parsed) => parsed,
        Err(refused) => {
            complain(&refused.0);
            return Ok(ExitCode::FAILURE);
        }
    };
    let graph = Graph::of(&parsed);
    let drawn = match format {
        Format::Dot => graph.dot(),
        Format::Svg => graph.svg(),
    };
    match &args.output {
        Some(path) => {
            fs::write(path, drawn).with_context(|| format!("write {}", path.display()))?;
        }
        // A picture's last line has its end already.
        None => output::line(format_args!("{}", drawn.trim_end_matches('\n')))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The format a file's ending stands for.
fn by_ending(output: &Path) -> anyhow::Result<Format> {
    let ending = output.extension().and_then(std::ffi::OsStr::to_str);
    let ending = ending.unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "svg" => Ok(Format::Svg),
        "dot" | "gv" => Ok(Format::Dot),
        _ => anyhow::bail!(
            "{}: the ending stands for no format; write a .svg or .dot file, or say --format",
            output.display()
        ),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the picture goes to the standard output"
)]
fn complain(problems: &[Problem]) {
    for problem in problems {
        eprintln!("{}", problem.pretty());
    }
}
