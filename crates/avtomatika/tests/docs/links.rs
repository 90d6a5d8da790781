//! Links of the documents.

use std::path::{Path, PathBuf};

use crate::files::{below, root};

fn documents() -> Vec<PathBuf> {
    let mut documents = below(&root().join("docs"), ".md");
    let at_the_root = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ];
    documents.extend(at_the_root.map(|name| root().join(name)));
    documents
}

/// The targets of `[text](target)`.
fn targets(markdown: &str) -> Vec<&str> {
    let ends = markdown.split("](").skip(1);
    ends.filter_map(|rest| rest.split(')').next()).collect()
}

/// A heading's anchor as code hosts make it.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>()
        .trim()
        .to_lowercase()
        .replace(' ', "-")
}

fn has_anchor(document: &Path, wanted: &str) -> bool {
    let text = std::fs::read_to_string(document).unwrap();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#')))
        .any(|found| found == wanted)
}

#[test]
fn no_link_leads_nowhere() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for target in targets(&text) {
            if target.contains("://") {
                continue;
            }
            let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
            let file = match path {
                "" => document.clone(),
                _ => document.parent().unwrap().join(path),
            };
            let fine = file.exists() && (fragment.is_empty() || has_anchor(&file, fragment));
            if !fine {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere: {broken:#?}");
}
