//! `workers.toml`: a table for each worker with a token of its own.

use super::account::Rate;
use super::hash::Hash;
use super::mistakes::Checked;
use super::pattern::Pattern;
use super::reading::{Fields, Reading, meaningless, meant};

/// What begins the name of a table for many workers.
const PATTERN: &str = "pattern:";

/// Keys that mean something to us.
const KEYS: [&str; 7] = [
    "burst",
    "disabled",
    "rate_per_second",
    "token",
    "token_blake3",
    "token_sha256",
    "tokens",
];

/// A worker, or many of one kind, as configured.
#[derive(Clone)]
pub(super) struct WorkerConfig {
    pub(super) tokens: Vec<Hash>,
    pub(super) disabled: bool,
    pub(super) rate: Option<Rate>,
}

impl WorkerConfig {
    /// One with this token only.
    pub(super) fn new(token: &str) -> Self {
        Self {
            tokens: vec![Hash::of(token)],
            disabled: false,
            rate: None,
        }
    }
}

/// Whom a table is about.
#[derive(Clone)]
pub(super) enum Whom {
    /// The worker of this name.
    Worker(String),
    /// The workers whose names are like this.
    Like(Pattern),
}

/// Reads the file: the workers, and what deserves a word in the log.
pub(super) fn read(text: &str) -> Checked<Vec<(Whom, WorkerConfig)>> {
    let mut reading = Reading::of(text);
    let mut warnings = Vec::new();
    let mut workers = Vec::new();
    for mut fields in std::mem::take(&mut reading.tables) {
        workers.push(worker(&mut fields, &mut warnings));
        reading.mistakes.append(&mut fields.mistakes);
    }
    if reading.mistakes.is_empty() {
        Ok((workers, warnings))
    } else {
        reading.mistakes.sort_by_key(|mistake| mistake.line);
        Err(reading.mistakes)
    }
}

fn worker(fields: &mut Fields, warnings: &mut Vec<String>) -> (Whom, WorkerConfig) {
    let name = fields.name.clone();
    let whom = match name.strip_prefix(PATTERN) {
        Some(pattern) => Whom::Like(Pattern::parse(pattern)),
        None => Whom::Worker(name.clone()),
    };
    if name.is_empty() || name == PATTERN {
        fields.wrong(None, "names no worker");
    }
    let tokens = fields.tokens();
    if tokens.short {
        warnings.push(format!(
            "[{name}] has a token of less than 16 characters: it can be guessed"
        ));
    }
    let config = WorkerConfig {
        tokens: tokens.hashes,
        disabled: fields.flag("disabled"),
        rate: fields.rate(),
    };
    for key in fields.rest().keys() {
        if let Some(known) = meant(key, &KEYS) {
            fields.wrong(Some(key), meaningless(known));
        }
    }
    (whom, config)
}
