//! `avtomatika blueprint`: check and draw blueprint files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use avtomatika_blueprint::graph::Graph;
use avtomatika_blueprint::{Parsed, Problem, Source, compile, parse};

/// `avtomatika blueprint …`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Check blueprint files; say all that is wrong with them
    Check(CheckArgs),
    /// Draw a blueprint file: its states and the ways between them
    Graph(GraphArgs),
}

/// `avtomatika blueprint check`.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Files, or folders whose *.yaml and *.yml files are checked
    #[arg(value_name = "PATH", default_value = "blueprints")]
    paths: Vec<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

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
pub(crate) enum Format {
    /// The DOT language.
    Dot,
    /// A picture.
    Svg,
}

/// Runs a sub-command.
pub(crate) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(args) => check(args),
        Command::Graph(args) => graph(args),
    }
}

/// What became of one file.
#[derive(serde::Serialize)]
struct Checked {
    file: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    states: Option<usize>,
    problems: Vec<Problem>,
}

fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let files = files(&args.paths)?;
    let checked = files
        .iter()
        .map(|file| check_file(file))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let good = checked.iter().all(|file| file.ok);
    if args.json {
        print_json(&serde_json::json!({"ok": good, "files": checked}))?;
    } else {
        print(&checked);
    }
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn check_file(file: &Path) -> anyhow::Result<Checked> {
    let name = file.display().to_string();
    let parsed = parse(&read(file)?);
    let parsed: Result<Parsed, Vec<Problem>> = parsed.map_err(|refused| refused.0);
    Ok(match parsed {
        Ok(parsed) => {
            compile(&parsed).with_context(|| format!("translate {name}"))?;
            Checked {
                file: name,
                ok: true,
                name: Some(parsed.name),
                version: Some(parsed.version),
                states: Some(parsed.states.len()),
                problems: Vec::new(),
            }
        }
        Err(problems) => Checked {
            file: name,
            ok: false,
            name: None,
            version: None,
            states: None,
            problems,
        },
    })
}

fn graph(args: &GraphArgs) -> anyhow::Result<ExitCode> {
    let parsed = match parse(&read(&args.file)?) {
        Ok(parsed) => parsed,
        Err(refused) => {
            complain(&refused.0);
            return Ok(ExitCode::FAILURE);
        }
    };
    let ending = args.output.as_deref().and_then(Path::extension);
    let format = args.format.unwrap_or(match ending {
        Some(ending) if ending.eq_ignore_ascii_case("svg") => Format::Svg,
        _ => Format::Dot,
    });
    let graph = Graph::of(&parsed);
    let drawn = match format {
        Format::Dot => graph.dot(),
        Format::Svg => graph.svg(),
    };
    match &args.output {
        Some(path) => {
            fs::write(path, drawn).with_context(|| format!("write {}", path.display()))?;
        }
        None => write_out(&drawn),
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "this is what the command is for")]
fn write_out(text: &str) {
    print!("{text}");
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

fn read(file: &Path) -> anyhow::Result<Source> {
    let bytes = fs::read(file).with_context(|| format!("read {}", file.display()))?;
    let text = String::from_utf8(bytes).with_context(|| format!("read {}", file.display()))?;
    Ok(Source::new(file.display().to_string(), text))
}

/// The files meant by paths: a folder stands for the blueprint files directly in it.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).with_context(|| format!("read {}", path.display()))?;
        let mut found = Vec::new();
        for entry in entries {
            let file = entry
                .with_context(|| format!("read {}", path.display()))?
                .path();
            if avtomatika_blueprint::is_blueprint_file(&file) {
                found.push(file);
            }
        }
        anyhow::ensure!(
            !found.is_empty(),
            "{} holds no *.yaml or *.yml file",
            path.display()
        );
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

#[expect(clippy::print_stdout, reason = "this is what the command is for")]
fn print(checked: &[Checked]) {
    for file in checked {
        for problem in &file.problems {
            println!("{}", problem.pretty());
        }
    }
    for file in checked {
        if let (Some(name), Some(version), Some(states)) = (&file.name, &file.version, file.states)
        {
            println!(
                "ok: {} ({name}, version {version}, {states} states)",
                file.file
            );
        }
    }
    let bad = checked.iter().filter(|file| !file.ok).count();
    let problems: usize = checked.iter().map(|file| file.problems.len()).sum();
    if bad > 0 {
        let plural = if problems == 1 { "" } else { "s" };
        println!(
            "{problems} problem{plural}; refused: {bad} of {}",
            checked.len()
        );
    }
}

#[expect(clippy::print_stdout, reason = "this is what the command is for")]
fn print_json(value: &serde_json::Value) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}
