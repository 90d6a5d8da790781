//! What is wrong with a file, and how that is shown.

use std::fmt;

use serde::Serialize;

use crate::source::{Position, Source, Span};

/// No more problems than these are told of one file.
pub const PROBLEMS_MAX: usize = 50;
/// A longer line is shown in part.
const LINE_CHARS_MAX: usize = 160;

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// Where.
    #[serde(flatten)]
    pub position: Position,
    /// How many characters it concerns.
    pub length: usize,
    /// What is wrong, a lower-case fragment.
    pub reason: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The line it is in.
    #[serde(rename = "source")]
    pub line_text: String,
}

/// A file was refused, for all these reasons, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", summary(.0))]
pub struct Refused(pub Vec<Problem>);

fn summary(problems: &[Problem]) -> String {
    let Some(first) = problems.first() else {
        return "refused".to_owned();
    };
    let more = problems.len() - 1;
    match more {
        0 => first.to_string(),
        1 => format!("{first} (and 1 more)"),
        _ => format!("{first} (and {more} more)"),
    }
}

impl fmt::Display for Problem {
    /// One line, for logs: `file:line:column: reason`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.position, self.reason)
    }
}

impl Problem {
    /// Several lines, for people: the reason, the line of the file with a mark below, the hint.
    pub fn pretty(&self) -> String {
        self.shown("error")
    }

    /// The same, of something that is no mistake by itself.
    pub fn pretty_warning(&self) -> String {
        self.shown("warning")
    }

    fn shown(&self, weight: &str) -> String {
        let number = self.position.line.to_string();
        let gutter = " ".repeat(number.len());
        let (text, column) = window(&self.line_text, self.position.column);
        let room = text.chars().count().saturating_sub(column - 1).max(1);
        let marks = "^".repeat(self.length.clamp(1, room));
        let lead: String = text
            .chars()
            .take(column - 1)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let mut shown = format!(
            "{weight}: {}\n{gutter}--> {}:{}\n{gutter} |\n{number} | {text}\n{gutter} | {lead}{marks}\n",
            self.reason, self.file, self.position
        );
        if let Some(hint) = &self.hint {
            shown.push_str(&format!("{gutter} = hint: {hint}\n"));
        }
        shown
    }
}

/// The part of a line around a column, and where the column is in it.
fn window(line: &str, column: usize) -> (String, usize) {
    if line.chars().count() <= LINE_CHARS_MAX {
        return (line.to_owned(), column);
    }
    let skip = column.saturating_sub(LINE_CHARS_MAX / 2);
    let text = line.chars().skip(skip).take(LINE_CHARS_MAX).collect();
    (text, column - skip)
}

/// Gathers the problems of one file.
#[derive(Debug)]
pub(crate) struct Notes<'a> {
    pub(crate) source: &'a Source,
    problems: Vec<Problem>,
}

impl<'a> Notes<'a> {
    pub(crate) fn new(source: &'a Source) -> Self {
        Self {
            source,
            problems: Vec::new(),
        }
    }

    /// Notes a problem.
    pub(crate) fn add(&mut self, span: Span, reason: impl Into<String>) {
        self.push(span, reason.into(), None);
    }

    /// Notes a problem and what to do about it.
    pub(crate) fn hint(&mut self, span: Span, reason: impl Into<String>, hint: impl Into<String>) {
        self.push(span, reason.into(), Some(hint.into()));
    }

    /// Notes a problem with, perhaps, what to do about it.
    pub(crate) fn push(&mut self, span: Span, reason: String, hint: Option<String>) {
        let position = self.source.position(span.start);
        let text = self.source.slice(span);
        let first_line = text.lines().next().unwrap_or("");
        let problem = Problem {
            file: self.source.name.clone(),
            position,
            length: first_line.chars().count().max(1),
            reason,
            hint,
            line_text: self.source.line(position.line).to_owned(),
        };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Whether nothing is wrong so far.
    pub(crate) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// The problems, in the order of the file; the first [`PROBLEMS_MAX`].
    pub(crate) fn into_refused(mut self) -> Refused {
        self.problems
            .sort_by(|a, b| (a.position, &a.reason).cmp(&(b.position, &b.reason)));
        self.problems.truncate(PROBLEMS_MAX);
        Refused(self.problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_shows_its_line_with_a_mark() {
        let source = Source::new("a.yaml", "name: x\nstate: y\n");
        let mut notes = Notes::new(&source);
        notes.hint(
            Span::new(8, 13),
            "unknown key 'state'",
            "did you mean 'states'?",
        );
        notes.add(Span::at(0), "first");
        let refused = notes.into_refused();
        assert_eq!(refused.to_string(), "a.yaml:1:1: first (and 1 more)");
        assert_eq!(
            refused.0[1].pretty(),
            "error: unknown key 'state'\n --> a.yaml:2:1\n  |\n2 | state: y\n  | ^^^^^\n  = hint: did you mean 'states'?\n"
        );
    }
}
