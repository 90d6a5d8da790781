//! `avtomatika blueprint check`.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use avtomatika_blueprint::{Parsed, Problem, compile, parse};

use super::{read, together};
use crate::commands::output;

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
    warnings: Vec<Problem>,
}

pub(super) async fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let checked = check_files(args).await?;
    let good = checked.iter().all(|file| file.ok);
    if args.json {
        print_json(&serde_json::json!({"ok": good, "files": checked}))?;
    } else {
        print(&checked)?;
    }
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn check_files(args: &CheckArgs) -> anyhow::Result<Vec<Checked>> {
    let files = files(&args.paths)?;
    let mut checked = Vec::new();
    let mut good = Vec::new();
    for file in files {
        let name = file.display().to_string();
        match parse(&read(&file)?) {
            Ok(parsed) => {
                compile(&parsed).with_context(|| format!("translate {name}"))?;
                good.push((file, parsed));
            }
            Err(refused) => checked.push((file, Checked::refused(name, refused.0))),
        }
    }
    let mut found = together::look(&good, &args.paths).await?;
    for (file, parsed) in good {
        let about = found.remove(&file).unwrap_or_default();
        let name = file.display().to_string();
        let mut says = match about.refused {
            Some(problem) => Checked::refused(name, vec![problem]),
            None => Checked::good(name, parsed),
        };
        says.warnings = about.warnings;
        checked.push((file, says));
    }
    checked.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(checked.into_iter().map(|(_, says)| says).collect())
}

impl Checked {
    fn good(file: String, parsed: Parsed) -> Self {
        Self {
            file,
            ok: true,
            name: Some(parsed.name),
            version: Some(parsed.version),
            states: Some(parsed.states.len()),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn refused(file: String, problems: Vec<Problem>) -> Self {
        Self {
            file,
            ok: false,
            name: None,
            version: None,
            states: None,
            problems,
            warnings: Vec::new(),
        }
    }
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

fn print(checked: &[Checked]) -> io::Result<()> {
    for file in checked {
        for problem in &file.problems {
            output::line(format_args!("{}", problem.pretty()))?;
        }
        for warning in &file.warnings {
            output::line(format_args!("{}", warning.pretty_warning()))?;
        }
    }
    for file in checked {
        if let (Some(name), Some(version), Some(states)) = (&file.name, &file.version, file.states)
        {
            output::line(format_args!(
                "ok: {} ({name}, version {version}, {states} states)",
                file.file
            ))?;
        }
    }
    let bad = checked.iter().filter(|file| !file.ok).count();
    let problems: usize = checked.iter().map(|file| file.problems.len()).sum();
    if bad > 0 {
        let plural = if problems == 1 { "" } else { "s" };
        output::line(format_args!(
            "{problems} problem{plural}; refused: {bad} of {}",
            checked.len()
        ))?;
    }
    Ok(())
}

fn print_json(value: &serde_json::Value) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    Ok(output::line(format_args!("{text}"))?)
}
