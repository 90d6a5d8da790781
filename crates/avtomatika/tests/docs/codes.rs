//! `docs/errors.md` and its Russian twin against the codes in the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::files::{below, quoted, read, root, rows};

const ENGLISH: &str = "docs/errors.md";
const RUSSIAN: &str = "docs/ru/errors.md";

/// Where codes are made. Every text in capitals there is a code, unless it is named below.
const SOURCES: [&str; 10] = [
    "crates/avtomatika/src/blueprints",
    "crates/blueprint/src/compile",
    "crates/bot-runner/src",
    "crates/cli/src/text/problem.rs",
    "crates/cli/src/view",
    "crates/engine/src",
    "crates/protocol/src/bot/refusal/code.rs",
    "crates/protocol/src/error.rs",
    "crates/server/src",
    "crates/telegram-sim/src/control",
];

/// Texts in capitals that are something else: a variable, chains of the firewall, a word of
/// Docker's, a signal.
const OTHER: [&str; 5] = [
    "AVTOMATIKA_TELEGRAM_API_URL",
    "FORWARD",
    "INPUT",
    "NONE",
    "SIGTERM",
];

fn is_code(text: &str) -> bool {
    let letters = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    // What cargo tells the compiler is no code.
    let of_cargo = text.starts_with("CARGO_");
    text.len() > 3 && text.chars().all(letters) && !of_cargo && !OTHER.contains(&text)
}

/// The codes of one source file, its unit tests and comments left out.
fn codes_in(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let words = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
    words
        .filter(|word| is_code(word))
        .map(str::to_owned)
        .collect()
}

fn codes_of_sources() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for source in SOURCES {
        let path = root().join(source);
        let files = if path.is_dir() {
            below(&path, ".rs")
        } else {
            vec![path]
        };
        for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
            codes.extend(codes_in(file));
        }
    }
    codes
}

/// The codes of a document's tables, in order.
fn codes_of(document: &str) -> Vec<String> {
    let rows = rows(&read(document));
    let first = rows.iter().filter_map(|row| row.first());
    first
        .flat_map(|cell| quoted(cell))
        .filter(|word| is_code(word))
        .collect()
}

#[test]
fn every_code_has_a_row_and_every_row_a_code() {
    let made = codes_of_sources();
    assert!(
        made.contains("QUOTA_EXCEEDED") && made.contains("STORAGE_FULL"),
        "{made:?}"
    );
    for document in [ENGLISH, RUSSIAN] {
        let told: BTreeSet<String> = codes_of(document).into_iter().collect();
        let missing: Vec<_> = made.difference(&told).collect();
        let stale: Vec<_> = told.difference(&made).collect();
        assert!(missing.is_empty(), "{document} lacks {missing:?}");
        assert!(
            stale.is_empty(),
            "{document} has codes that no source has: {stale:?}"
        );
    }
}

#[test]
fn both_languages_have_the_same_rows() {
    assert_eq!(codes_of(ENGLISH), codes_of(RUSSIAN));
    for document in [ENGLISH, RUSSIAN] {
        for row in rows(&read(document)) {
            assert!(
                row.iter().all(|cell| !cell.is_empty()),
                "{document}: an empty cell in {row:?}"
            );
        }
    }
}
