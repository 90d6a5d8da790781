//! Flags and environment variables of `docs/operating.md` against the command line's definition.

use std::collections::BTreeSet;
use std::process::Command;

use crate::files::{below, quoted, read, root, rows};

/// The flags `avtomatika … --help` names.
fn flags(command: &[&str]) -> BTreeSet<String> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_avtomatika"));
    let output = program.args(command).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let words = help.lines().filter_map(|line| {
        let line = line.trim_start();
        let line = line.split_once(", ").map_or(line, |(short, rest)| {
            if short.starts_with('-') && short.len() == 2 {
                rest
            } else {
                line
            }
        });
        line.starts_with("--")
            .then(|| line.split(' ').next().unwrap_or_default().to_owned())
    });
    words.filter(|flag| flag != "--help").collect()
}

fn told() -> BTreeSet<String> {
    let rows = rows(&read("docs/operating.md"));
    rows.iter()
        .flat_map(|row| row.iter().take(2))
        .flat_map(|cell| quoted(cell))
        .collect()
}

#[test]
fn every_flag_is_told() {
    let told = told();
    for command in [
        &["up"][..],
        &["worker", "bot-runner"],
        &["worker", "echo"],
        &["schedules", "next"],
        &["jobs"],
        &["bench"],
    ] {
        let flags = flags(command);
        assert!(flags.len() > 3, "{command:?}: {flags:?}");
        let missing: Vec<_> = flags.difference(&told).collect();
        assert!(
            missing.is_empty(),
            "docs/operating.md lacks {missing:?} of {command:?}"
        );
    }
}

#[test]
fn every_variable_is_told() {
    let told = told();
    let files = below(&root().join("crates/avtomatika/src/args"), ".rs");
    let parts = files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap());
    let args: String = parts
        .chain([read("crates/avtomatika/src/args.rs")])
        .collect();
    let variables = args
        .split("env = \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let variables: BTreeSet<String> = variables.map(str::to_owned).collect();
    assert!(variables.contains("AVTOMATIKA_DATA"), "{variables:?}");
    let missing: Vec<_> = variables.difference(&told).collect();
    assert!(missing.is_empty(), "docs/operating.md lacks {missing:?}");
}
