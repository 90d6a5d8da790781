//! From the tree to the model.
//!
//! Every reader notes what is wrong and goes on with a stand-in, so that one look shows all that
//! is wrong with a file. What a file with problems turned into is never used.

mod branches;
mod dispatch;
mod fields;
mod file;
mod schema;
mod setting;
mod state;
mod step;
mod text;
mod waits;

pub(crate) use file::{Read, file};

use crate::problem::Notes;
use crate::source::Span;

/// The variables every expression sees.
pub(crate) const VARIABLES: [&str; 11] = [
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

/// What the readers share.
struct Reading<'n, 's> {
    notes: &'n mut Notes<'s>,
    /// Keys of the input that are sealed.
    secrets: Vec<String>,
    /// Variables beside the usual ones: those of a `for_each`.
    locals: Vec<String>,
    /// Names of the documents the state at hand loads.
    documents: Vec<String>,
    /// The names of all states, of those with mistakes too.
    declared: Vec<String>,
    /// Whether the action of every state was understood, so that what is unreachable can be told.
    complete: bool,
}

impl Reading<'_, '_> {
    fn add(&mut self, span: Span, reason: impl Into<String>) {
        self.notes.add(span, reason);
    }

    fn hint(&mut self, span: Span, reason: impl Into<String>, hint: impl Into<String>) {
        self.notes.hint(span, reason, hint);
    }
}

#[cfg(test)]
mod tests {
    use super::{VARIABLES, branches, dispatch, file, step};

    #[test]
    fn the_guide_tells_every_key() {
        let guide = include_str!("../../../../docs/blueprints.md");
        let rest = [
            "set",
            "load",
            "put",
            "output",
            "description",
            "if",
            "else",
            "on",
            "save_as",
            "message",
            "notify_url",
            "for",
            "then",
            "time",
            "store",
            "key",
            "as",
            "result",
            "code",
            "goto",
            "max_attempts",
            "initial",
            "max",
            "dispatch",
            "execution",
            "result",
            "path",
            "version",
        ];
        let lists: [&[&str]; 7] = [
            &file::KEYS,
            &step::ACTIONS,
            &dispatch::TASK_KEYS,
            &dispatch::STRATEGIES,
            &branches::PARALLEL_KEYS,
            &branches::ENDINGS,
            &rest,
        ];
        for key in lists.into_iter().flatten().chain(&VARIABLES) {
            let told = [format!("`{key}`"), format!("{key}: "), format!("`{key}:")];
            assert!(told.iter().any(|text| guide.contains(text)), "{key}");
        }
    }
}
