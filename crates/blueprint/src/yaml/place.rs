//! Where in the file a part of a string was written.

use saphyr_parser::ScalarStyle;

use super::{Node, Text};
use crate::source::Source;

/// The byte of the file where the byte `at` of a string node's value was written.
///
/// The value and its writing are walked side by side; quotes, escapes, folded line breaks and
/// indentation are in the writing alone.
pub(crate) fn place(source: &Source, node: &Node, text: &Text, at: usize) -> usize {
    let (value, style) = (text.value.as_str(), text.style);
    let raw = source.slice(node.span);
    let mut walk = Walk {
        raw: raw.as_bytes(),
        at: 0,
        style,
    };
    walk.skip_opening();
    for character in value.get(..at).unwrap_or(value).chars() {
        walk.over(character);
    }
    if let Some(next) = value.get(at..).and_then(|rest| rest.chars().next()) {
        walk.up_to(next);
    }
    node.span.start + walk.at.min(raw.len())
}

struct Walk<'s> {
    raw: &'s [u8],
    at: usize,
    style: ScalarStyle,
}

impl Walk<'_> {
    fn byte(&self) -> Option<u8> {
        self.raw.get(self.at).copied()
    }

    fn skip_opening(&mut self) {
        match self.style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => self.at = 1,
            ScalarStyle::Literal | ScalarStyle::Folded => {
                // The header: `|`, `>-` and so on, if the span begins with it.
                if matches!(self.byte(), Some(b'|' | b'>')) {
                    while self.byte().is_some_and(|byte| byte != b'\n') {
                        self.at += 1;
                    }
                    self.at += 1;
                }
            }
            ScalarStyle::Plain => {}
        }
    }

    /// Skips what is only in the writing, up to where `character` of the value was written.
    fn up_to(&mut self, character: char) {
        if character.is_whitespace() {
            return;
        }
        while self.byte().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Moves over the writing of `character`.
    fn over(&mut self, character: char) {
        self.up_to(character);
        match (self.style, self.byte()) {
            (ScalarStyle::DoubleQuoted, Some(b'\\')) => self.over_escape(),
            (ScalarStyle::SingleQuoted, Some(b'\'')) => self.at += 2,
            (_, Some(b'\n' | b'\r')) if character.is_whitespace() => self.over_break(),
            // Blanks of the value that went with a line break.
            (_, Some(byte)) if character.is_whitespace() && !byte.is_ascii_whitespace() => {}
            _ => self.at += character.len_utf8(),
        }
    }

    fn over_escape(&mut self) {
        let length = match self.raw.get(self.at + 1) {
            Some(b'x') => 4,
            Some(b'u') => 6,
            Some(b'U') => 10,
            _ => 2,
        };
        self.at += length;
    }

    fn over_break(&mut self) {
        while self.byte().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }
}
