//! A bot's requirements: PEP 508 without the parts that reach beyond the package index.
//!
//! The parser is our own. The `pep508_rs` crate brings URLs, `file:` paths and environment
//! variables in them (what must be refused here), a full regex engine and a version solver; the
//! grammar that is left without URLs is small, and its canonical form names dependency images, so
//! it must not change with a library.
//!
//! | Module | What it reads |
//! |---|---|
//! | `requirement` | one requirement: name, extras, versions, condition |
//! | `specifier` | `>=3,<4` |
//! | `version` | PEP 440 versions |
//! | `marker` | what follows the `;` |
//! | `scan` | the text, piece by piece |

mod marker;
mod requirement;
mod scan;
mod specifier;
mod version;

use std::collections::BTreeSet;

use serde_json::Value;

use super::refusal::{Refusal, RequirementFault};
use super::shown::{is_unseen, shown};

/// Most entries.
pub const COUNT_MAX: usize = 200;
/// Longest entry, bytes.
pub const ENTRY_BYTES_MAX: usize = 500;

/// Reads `requirements`: canonical lines, sorted, each once, so that the same needs written
/// differently come out equal. Blank entries and comments, as in a requirements file, are
/// skipped.
pub fn parse(value: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let entries = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(Refusal::RequirementsNotList),
    };
    if entries.len() > COUNT_MAX {
        return Err(Refusal::TooManyRequirements { max: COUNT_MAX });
    }
    let mut lines = BTreeSet::new();
    for entry in entries {
        let Value::String(text) = entry else {
            let given = shown(&entry.to_string());
            return Err(Refusal::Requirement {
                given,
                fault: RequirementFault::NotText,
            });
        };
        let line = canonical(text).map_err(|fault| Refusal::Requirement {
            given: echo(text),
            fault,
        })?;
        lines.extend(line);
    }
    Ok(lines.into_iter().collect())
}

/// The canonical form of an entry; [`None`] for a blank one.
pub fn canonical(entry: &str) -> Result<Option<String>, RequirementFault> {
    if entry.len() > ENTRY_BYTES_MAX {
        return Err(RequirementFault::TooLong(ENTRY_BYTES_MAX));
    }
    let text = without_comment(entry).trim_matches([' ', '\t']);
    if text.is_empty() {
        return Ok(None);
    }
    refuse_other_grammars(text)?;
    requirement::canonical(text).map(Some)
}

/// What an installer would read from a requirements file beside PEP 508, named precisely.
/// Whatever slips through here is still no PEP 508 and refused by the parser.
fn refuse_other_grammars(text: &str) -> Result<(), RequirementFault> {
    let lower = text.to_ascii_lowercase();
    if text.chars().any(|c| is_unseen(c) && c != '\t') {
        return Err(RequirementFault::LineBreak);
    }
    if text.contains('\\') {
        return Err(RequirementFault::Backslash);
    }
    if text.starts_with('-') || text.contains(" -") || text.contains("\t-") {
        return Err(RequirementFault::Option);
    }
    let schemes = [
        "file:", "git+", "hg+", "svn+", "bzr+", "http:", "https:", "ssh:",
    ];
    if text.contains('@')
        || text.contains("://")
        || schemes.iter().any(|scheme| lower.starts_with(scheme))
    {
        return Err(RequirementFault::Url);
    }
    let before_marker = lower.split(';').next().unwrap_or_default().trim_end();
    let endings = [".whl", ".zip", ".gz", ".bz2", ".txt", ".py", ".toml"];
    if before_marker.contains('/')
        || before_marker.starts_with(['.', '~'])
        || endings.iter().any(|ending| before_marker.ends_with(ending))
    {
        return Err(RequirementFault::Path);
    }
    Ok(())
}

/// The entry up to a `#` at its beginning or after a space, as installers read it.
fn without_comment(entry: &str) -> &str {
    let mut before = ' ';
    for (at, c) in entry.char_indices() {
        if c == '#' && matches!(before, ' ' | '\t') {
            return entry.get(..at).unwrap_or_default();
        }
        before = c;
    }
    entry
}

/// The entry as a message may repeat it: credentials may stand in the options and addresses
/// that are refused here.
fn echo(entry: &str) -> String {
    let entry = entry.trim();
    let end = if entry.starts_with('-') {
        entry.find([' ', '=', '\t', '\n'])
    } else {
        entry.find('@').or_else(|| entry.find(" -"))
    };
    match end.and_then(|end| entry.get(..end)) {
        Some(start) => format!("{}…", shown(start)),
        None => shown(entry),
    }
}

#[cfg(test)]
mod tests;
