//! The guide says what is so: its files and parts of files are good, its expressions have the
//! values it names, and it names everything there is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

use avtomatika_blueprint::expression::{Entry, FUNCTIONS, Scope, compile};
use avtomatika_blueprint::{Parsed, Problem, Source, parse};
use serde_json::Value;

const GUIDE: &str = include_str!("../../../docs/blueprints.md");
const VARIABLES: [&str; 11] = [
    "input",
    "data",
    "job",
    "client",
    "task",
    "branches",
    "results",
    "child",
    "decision",
    "documents",
    "now",
];
/// 2026-11-21T18:00:00Z.
const NOW_MS: u64 = 1_795_284_000_000;

/// The fenced blocks: what they are, where, and their text.
fn blocks() -> Vec<(&'static str, usize, String)> {
    let mut blocks = Vec::new();
    let mut lines = GUIDE.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let inside = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| *line != "```");
            let text = inside.fold(String::new(), |text, line| text + line + "\n");
            blocks.push((kind, at + 1, text));
        }
    }
    blocks
}

fn indented(text: &str, by: &str) -> String {
    text.lines().map(|line| format!("{by}{line}\n")).collect()
}

/// Checks a file to which the states it leads to are added as ends.
fn check(mut text: String, at: usize) -> Parsed {
    for _ in 0..20 {
        let problems = match parse(&Source::new(format!("line {at}"), text.as_str())) {
            Ok(parsed) => return parsed,
            Err(refused) => refused.0,
        };
        let missing = problems.iter().find_map(|problem| {
            problem
                .reason
                .strip_prefix("there is no state '")?
                .strip_suffix('\'')
        });
        let Some(missing) = missing else {
            let shown: String = problems.iter().map(Problem::pretty).collect();
            panic!("{shown}")
        };
        text.push_str(&format!("  {missing}: {{end: completed}}\n"));
    }
    panic!("line {at}: too many states are missing")
}

#[test]
fn every_file_and_part_of_a_file_is_good() {
    let mut kinds = Vec::new();
    for (kind, at, text) in blocks() {
        kinds.push(kind);
        match kind {
            "yaml" => drop(parse(&Source::new(format!("line {at}"), text)).unwrap()),
            "yaml state" => {
                let text = indented(&text, "    ");
                check(format!("name: f\nstates:\n  start:\n{text}"), at);
            }
            "yaml states" => {
                let text = indented(&text, "  ");
                parse(&Source::new(
                    format!("line {at}"),
                    format!("name: f\nstates:\n{text}"),
                ))
                .unwrap();
            }
            other => panic!("line {at}: what is a block of '{other}'?"),
        }
    }
    assert!(kinds.len() >= 14, "{kinds:?}");
}

#[test]
fn the_tutorials_mistake_is_shown_as_it_is() {
    let (_, _, text) = blocks().remove(0);
    let broken = text.replace("rejected: dropped", "rejected: droped");
    let refused = parse(&Source::new("blueprints/letter.yaml", broken)).unwrap_err();
    let shown = indented(&refused.0[0].pretty(), "    ");
    assert!(GUIDE.contains(shown.trim_end()), "{shown}");
    let changed = text.replace("thank you", "thanks a lot");
    assert_ne!(text, changed);
    for text in [text, changed] {
        let version = parse(&Source::new("f", text)).unwrap().version;
        assert!(
            GUIDE.contains(&version),
            "the guide lacks the version {version}"
        );
    }
}

/// The rows of the table whose second head begins like this, and the JSON in that head.
fn table(head: &str) -> (Value, Vec<(String, Value)>) {
    let mut lines = GUIDE.lines().skip_while(|line| !line.contains(head));
    let first = lines.next().unwrap();
    let input = first
        .split('`')
        .nth(1)
        .map_or(Value::Null, |json| serde_json::from_str(json).unwrap());
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    let rows = rows.map(|row| {
        let cells: Vec<&str> = row.split('`').collect();
        let value = serde_json::from_str(cells[3]);
        (
            cells[1].to_owned(),
            value.unwrap_or_else(|error| panic!("{row}: {error}")),
        )
    });
    (input, rows.collect())
}

#[test]
fn every_expression_has_the_value_the_guide_names() {
    let mut used = String::new();
    for (head, least) in [
        ("Value, with `{\"n\"", 6),
        ("Value, with `{\"s\"", 20),
        ("Value, at", 10),
    ] {
        let (input, rows) = table(head);
        assert!(rows.len() >= least, "{head}: {}", rows.len());
        for (text, expected) in rows {
            let mut scope = Scope::default();
            scope.set("input", Entry::Value(&input));
            scope.set("now", Entry::Time(NOW_MS));
            let expression =
                compile(&text, &VARIABLES).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
            assert_eq!(
                expression.evaluate(&scope).as_ref(),
                Ok(&expected),
                "{text}"
            );
            used.push_str(&text);
        }
    }
    for function in FUNCTIONS {
        assert!(
            used.contains(&format!("{function}(")),
            "the guide shows no use of {function}"
        );
    }
    for variable in VARIABLES {
        assert!(GUIDE.contains(&format!("`{variable}`")), "{variable}");
    }
}
