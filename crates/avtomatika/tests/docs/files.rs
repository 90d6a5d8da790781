//! Reading documents and sources of the whole workspace.

use std::fs;
use std::path::{Path, PathBuf};

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Reads a file of the workspace.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files below a folder whose names end so, in order.
pub(crate) fn below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
    {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(below(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A table of a Markdown text: the cells of each row, without heading and rule.
pub(crate) fn rows(markdown: &str) -> Vec<Vec<String>> {
    let lines = markdown.lines().filter(|line| line.starts_with('|'));
    let cells = lines.map(|line| {
        let inner = line.trim().trim_matches('|').replace("\\|", "\u{0}");
        let cells = inner
            .split('|')
            .map(|cell| cell.trim().replace('\u{0}', "|"));
        cells.collect::<Vec<String>>()
    });
    cells
        .filter(|row| !row.iter().all(|cell| cell.starts_with("--")))
        .collect()
}

/// What stands in backquotes in a text.
pub(crate) fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}
