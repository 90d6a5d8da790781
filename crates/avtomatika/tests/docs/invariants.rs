//! Those invariants of `ARCHITECTURE.md` that say which words a crate's sources don't have.

use std::fs;

use crate::files::{below, root};

/// Lines of code with one of these words, comments and unit tests left out.
fn found(folder: &str, words: &[&str], but_not_in: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in below(&root().join(folder), ".rs") {
        let name = file.to_string_lossy().into_owned();
        if but_not_in.iter().any(|ending| name.ends_with(ending)) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let hits = lines.filter(|line| words.iter().any(|word| line.contains(word)));
        found.extend(hits.map(|line| format!("{name}: {}", line.trim())));
    }
    found
}

#[test]
fn the_machine_has_no_clock_no_io_and_no_chance() {
    let words = [
        "SystemTime",
        "Instant::",
        "rand::",
        "tokio",
        "async ",
        "std::fs",
        "std::net",
        "std::env",
    ];
    assert_eq!(
        found("crates/engine/src/machine", &words, &[]),
        Vec::<String>::new()
    );
    let words = ["dyn Store", "storage::Store", ".commit("];
    assert_eq!(
        found("crates/engine/src/blueprint", &words, &[]),
        Vec::<String>::new()
    );
    assert_eq!(
        found("crates/avtomatika/src/blueprints", &words, &[]),
        Vec::<String>::new()
    );
}

#[test]
fn below_the_server_nobody_knows_http() {
    let words = ["axum", "hyper", "http::", "StatusCode", "reqwest"];
    for folder in [
        "crates/protocol/src",
        "crates/engine/src",
        "crates/store/src",
    ] {
        assert_eq!(found(folder, &words, &[]), Vec::<String>::new());
    }
}

#[test]
fn libraries_neither_print_nor_read_the_environment() {
    let words = ["println!", "print!(", "env::var", "env::args"];
    let libraries = [
        "protocol",
        "engine",
        "store",
        "server",
        "worker",
        "bot-runner",
        "cli",
    ];
    for library in libraries {
        let folder = format!("crates/{library}/src");
        assert_eq!(
            found(&folder, &words, &["cli/src/main.rs"]),
            Vec::<String>::new()
        );
    }
}

#[test]
fn no_task_is_left_unowned() {
    // The signal handler lives as long as the process.
    let owned = ["avtomatika/src/signals.rs"];
    let crates = [
        "engine",
        "store",
        "server",
        "worker",
        "bot-runner",
        "telegram-sim",
        "cli",
        "avtomatika",
    ];
    for name in crates {
        let spawned = found(&format!("crates/{name}/src"), &["tokio::spawn("], &owned);
        assert_eq!(spawned, Vec::<String>::new());
    }
}
