//! Files as they were seen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Change;
use super::folder::{self, Found, Stamp};
use crate::model::Parsed;
use crate::parse;
use crate::problem::Problem;
use crate::source::{Position, Source};

/// A file as it was last seen.
pub(super) struct File {
    pub(super) stamp: Stamp,
    /// What it says now, or why it can't be used.
    pub(super) says: Result<Arc<Parsed>, Vec<Problem>>,
    /// What is in use of it.
    pub(super) installed: Option<Arc<Parsed>>,
    /// The problems that were told last, so that each is told once.
    pub(super) told: Vec<Problem>,
    /// Whether an earlier text was refused, and nothing was taken since.
    pub(super) was_refused: bool,
    /// Whether what was kept of it has been looked for.
    pub(super) was_recalled: bool,
}

impl File {
    /// Whether it says, without mistakes, something else than what is in use.
    pub(super) fn moves(&self) -> bool {
        match (&self.says, &self.installed) {
            (Ok(says), Some(installed)) => says.source.text != installed.source.text,
            (Ok(_), None) => true,
            (Err(_), _) => false,
        }
    }

    /// Notes that it is as good as what is in use of it, and tells if that is news.
    pub(super) fn stays(&mut self, path: &Path, changes: &mut Vec<Change>) {
        self.told.clear();
        let was_refused = std::mem::take(&mut self.was_refused);
        if let (true, Some(installed)) = (was_refused, &self.installed) {
            changes.push(Change::Repaired {
                file: path.to_owned(),
                name: installed.name.clone(),
                version: installed.version.clone(),
            });
        }
    }

    pub(super) fn refuse(
        &mut self,
        path: &Path,
        problems: Vec<Problem>,
        changes: &mut Vec<Change>,
    ) {
        if self.told == problems {
            return;
        }
        self.told.clone_from(&problems);
        self.was_refused = true;
        changes.push(Change::Refused {
            file: path.to_owned(),
            problems,
            stays: self.installed.as_ref().map(|parsed| parsed.version.clone()),
        });
    }
}

/// What was seen of a file.
pub(super) enum Seen {
    /// It is as it was.
    Same,
    /// It says what it said; only its stamp is another.
    Touched(Stamp),
    /// It is new or has changed.
    Changed(Stamp, Result<Arc<Parsed>, Vec<Problem>>),
}

pub(super) fn look(
    folder: &Path,
    known: &BTreeMap<PathBuf, Stamp>,
) -> std::io::Result<BTreeMap<PathBuf, Seen>> {
    let found = folder::look(folder, known)?;
    let seen = found.into_iter().map(|(path, found)| {
        let seen = match found {
            Found::Same => Seen::Same,
            Found::Touched(stamp) => Seen::Touched(stamp),
            Found::Text(stamp, text) => {
                let source = Source::new(path.display().to_string(), text);
                let says = parse(&source).map(Arc::new).map_err(|refused| refused.0);
                Seen::Changed(stamp, says)
            }
            Found::Unusable(stamp, reason, hint) => {
                let source = Source::new(path.display().to_string(), "");
                Seen::Changed(stamp, Err(vec![problem(&source, 0, reason, hint)]))
            }
        };
        (path, seen)
    });
    Ok(seen.collect())
}

pub(super) fn problem(
    source: &Source,
    byte: usize,
    reason: impl Into<String>,
    hint: &str,
) -> Problem {
    let position: Position = source.position(byte);
    Problem {
        file: source.name.clone(),
        position,
        length: 1,
        reason: reason.into(),
        hint: Some(hint.to_owned()),
        line_text: source.line(position.line).to_owned(),
    }
}
