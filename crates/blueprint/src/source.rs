//! The text of a file, and positions in it.

use std::fmt;
use std::sync::Arc;

/// A file that is being read.
#[derive(Clone, Debug)]
pub struct Source {
    /// What the file is called in messages, usually its path.
    pub name: String,
    /// Its text.
    pub text: Arc<str>,
    /// Where each line begins, bytes.
    lines: Arc<[usize]>,
}

/// A place in a file. Both count from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A stretch of a file's text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last one.
    pub end: usize,
}

impl Source {
    /// A file of this name and text.
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        Self {
            name: name.into(),
            text,
            lines,
        }
    }

    /// Where a byte of the text is.
    pub fn position(&self, byte: usize) -> Position {
        let byte = self.text.floor_char_boundary(byte);
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = self.lines.get(line.saturating_sub(1)).copied();
        let before = self.text.get(start.unwrap_or(0)..byte).unwrap_or("");
        Position {
            line,
            column: before.chars().count() + 1,
        }
    }

    /// The text of a line, counted from 1, without its break.
    pub fn line(&self, line: usize) -> &str {
        let start = line.checked_sub(1).and_then(|at| self.lines.get(at));
        let end = self.lines.get(line).copied().unwrap_or(self.text.len());
        start
            .and_then(|start| self.text.get(*start..end))
            .unwrap_or("")
            .trim_end_matches(['\n', '\r'])
    }

    /// The text of a stretch.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }
}

impl Span {
    /// The stretch from `start` to before `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }

    /// The single place `byte`.
    pub fn at(byte: usize) -> Self {
        Self::new(byte, byte)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source::new("f", "ab\nшcd\n");
        assert_eq!(source.position(0).to_string(), "1:1");
        assert_eq!(source.position(2).to_string(), "1:3");
        assert_eq!(source.position(3).to_string(), "2:1");
        assert_eq!(source.position(5).to_string(), "2:2");
        assert_eq!(source.position(99).to_string(), "3:1");
        assert_eq!(source.line(2), "шcd");
        assert_eq!(source.line(9), "");
    }
}
