//! The metrics of `docs/operating.md` against those the engine names.

use std::collections::BTreeSet;

use crate::files::{quoted, read, rows};

#[test]
fn every_metric_has_a_row_and_every_row_a_metric() {
    let names = read("crates/engine/src/names.rs");
    let named: BTreeSet<String> = names
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    assert!(named.contains(avtomatika::engine::names::JOBS_ENDED));
    let rows = rows(&read("docs/operating.md"));
    let first = rows.iter().filter_map(|row| row.first());
    let words = first.flat_map(|cell| quoted(cell));
    let told: BTreeSet<String> = words
        .filter(|word| word.starts_with("avtomatika_"))
        .collect();
    assert_eq!(named, told);
}
