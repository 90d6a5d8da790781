//! Whatever a file says, reading it ends in a blueprint or in problems with places; never in a
//! panic, never in a long wait.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

use std::time::{Duration, Instant};

use avtomatika_blueprint::expression::{Entry, Scope};
use avtomatika_blueprint::graph::Graph;
use avtomatika_blueprint::{Source, compile, parse};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;

/// Reads a text and holds what comes of it to what must be so.
fn check(text: &str) {
    let begun = Instant::now();
    let source = Source::new("f", text);
    match parse(&source) {
        Ok(parsed) => {
            compile(&parsed).expect("what is checked can be translated");
            let graph = Graph::of(&parsed);
            assert!(graph.dot().starts_with("digraph") && graph.svg().ends_with("</svg>\n"));
        }
        Err(refused) => {
            assert!(!refused.0.is_empty());
            for problem in &refused.0 {
                assert!(
                    problem.reason != "the file can't be read: a parser gave up",
                    "{text}"
                );
                assert!(problem.position.line >= 1 && problem.position.column >= 1);
                assert!(
                    problem.position.line <= text.lines().count() + 1,
                    "{problem:?}"
                );
                assert!(!problem.pretty().is_empty());
            }
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{text}");
}

fn examples() -> Vec<String> {
    let folders = ["/../../examples/blueprints", "/tests/bad"];
    let mut texts = Vec::new();
    for folder in folders {
        let folder = format!("{}{folder}", env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(folder).unwrap() {
            texts.push(std::fs::read_to_string(entry.unwrap().path()).unwrap());
        }
    }
    texts.sort();
    texts
}

/// Bits that files are made of, and some that they should not be made of.
const BITS: [&str; 48] = [
    "name: f\n",
    "states:\n",
    "  start:\n",
    "    goto: done\n",
    "  done: {end: completed}\n",
    "    when:\n",
    "      - if: ",
    "input.x ?? 1\n",
    "${",
    "}",
    "$${",
    "\"",
    "'",
    "{",
    "[",
    "]",
    ": ",
    ", ",
    "- ",
    "&a ",
    "*a ",
    "|\n",
    ">-\n",
    "\n",
    "\t",
    "    ",
    "#",
    "!!str ",
    "? ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "<<: ",
    "~",
    "1e999",
    ".inf",
    "input.list.map(x, ",
    ")",
    " ?? ",
    " ? ",
    " && ",
    "secrets: [a]\n",
    "endpoint: /x\n",
    "\u{feff}",
    "\u{0}",
    "ы",
    "🦀",
    "\r\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text(text in ".{0,200}") {
        check(&text);
    }

    #[test]
    fn any_bits(bits in proptest::collection::vec(select(&BITS[..]), 0..60)) {
        check(&bits.concat());
    }

    #[test]
    fn examples_with_changes(
        example in any::<Index>(),
        changes in proptest::collection::vec((any::<Index>(), any::<Index>(), select(&BITS[..]), 0_usize..20), 1..6),
    ) {
        let examples = examples();
        let mut text: Vec<char> = example.get(&examples).chars().collect();
        for (at, from, bit, length) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + length).min(text.len());
            match length % 3 {
                // Replaced, repeated from elsewhere, or swapped for a bit.
                0 => drop(text.splice(at..end, bit.chars())),
                1 => {
                    let from = from.index(text.len() + 1);
                    let piece: Vec<char> = text.iter().skip(from).take(length * 5).copied().collect();
                    drop(text.splice(at..at, piece));
                }
                _ => drop(text.drain(at..end)),
            }
        }
        check(&text.into_iter().collect::<String>());
    }

    #[test]
    fn any_expression(parts in proptest::collection::vec(select(&EXPRESSION[..]), 0..30)) {
        let text = parts.join(" ");
        if let Ok(expression) = avtomatika_blueprint::expression::compile(&text, &["input", "now"]) {
            let input = json!({
                "a": {"b": [1, 2.5, "x", null, true, {"c": "d"}]}, "n": -3, "s": "text", "l": [3, 1, 2],
                "big": u64::MAX, "none": null,
            });
            let mut scope = Scope::default();
            scope.set("input", Entry::Value(&input));
            scope.set("now", Entry::Time(1_795_284_000_000));
            let first = expression.evaluate(&scope);
            // The same each time.
            prop_assert_eq!(first, expression.evaluate(&scope));
        }
    }
}

const EXPRESSION: [&str; 60] = [
    "input",
    "input.a.b",
    "input.n",
    "input.s",
    "input.l",
    "input.big",
    "input.none",
    "input.missing",
    "now",
    "1",
    "2u",
    "3.5",
    "-1",
    "'x'",
    "\"y\"",
    "true",
    "null",
    "b'z'",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ":",
    ",",
    ".",
    ".?a",
    "[0]",
    "[?1]",
    "+",
    "-",
    "*",
    "/",
    "%",
    "==",
    "!=",
    "<",
    ">=",
    "in",
    "&&",
    "||",
    "!",
    "?",
    "??",
    ".map(x, x)",
    ".filter(x, x > 1)",
    ".exists(x, x == 1)",
    ".all(k, k != null)",
    ".exists_one(x, x == 1)",
    "has(input.a)",
    "size(input.l)",
    ".contains('x')",
    ".matches('.*')",
    ".split('')",
    ".join('-')",
    "string(",
    "int(",
    "duration('1h')",
    "9223372036854775807",
];

#[test]
fn every_cut_of_every_example() {
    for text in examples() {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for at in places.iter().step_by(23) {
            check(&text[..*at]);
            check(&text[*at..]);
        }
    }
}

/// Much more of the same.
#[test]
#[ignore = "soak: tens of thousands of changed files"]
fn examples_with_many_changes() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(20_000));
    let strategy = proptest::collection::vec(select(&BITS[..]), 0..200);
    runner
        .run(&strategy, |bits| {
            check(&bits.concat());
            Ok(())
        })
        .unwrap();
}
