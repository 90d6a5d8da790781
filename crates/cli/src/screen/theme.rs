//! Colours by meaning, and what a drawing has to know about its surroundings.
//!
//! While a screen is laid out, a coloured piece is enclosed in invisible marks of no width;
//! [`Frame::finish`] turns them into escape sequences or drops them. So tables and panels count
//! columns rightly, and text from outside can't forge a mark: the sanitiser replaces these
//! characters before anything is laid out.

use anstyle::{AnsiColor, Style};

use crate::text::Text;

/// What a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// As wanted.
    Good,
    /// Worth a look.
    Warning,
    /// Not as wanted.
    Bad,
    /// Less important than its surroundings.
    Dim,
    /// A title.
    Title,
}

/// How much drawing the reader wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Lines around things, for a person at a terminal.
    Boxes,
    /// Bare text, for files, pipes and logs.
    Plain,
}

/// What a drawing has to know about its surroundings.
#[derive(Clone, Copy)]
pub struct Frame {
    /// Columns to fill at most.
    pub width: usize,
    /// With or without lines.
    pub look: Look,
    /// With or without colours.
    pub colour: bool,
    /// The words.
    pub text: Text,
}

/// Ends a mark. All five are "invisible operators" of Unicode, which no honest text holds.
const END: char = '\u{2060}';
const MARKS: [(char, Role); 5] = [
    ('\u{2061}', Role::Good),
    ('\u{2062}', Role::Warning),
    ('\u{2063}', Role::Bad),
    ('\u{2064}', Role::Dim),
    ('\u{206a}', Role::Title),
];

impl Role {
    /// Encloses a piece of text in this role's marks.
    pub fn mark(self, text: &str) -> String {
        match MARKS.iter().find(|(_, role)| *role == self) {
            Some((mark, _)) => format!("{mark}{text}{END}"),
            None => text.to_owned(),
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Dim => Style::new().dimmed(),
            Self::Title => Style::new().bold(),
        }
    }
}

impl Frame {
    /// Turns marks into colours, or drops them.
    pub fn finish(&self, drawing: &str) -> String {
        let mut finished = String::with_capacity(drawing.len());
        for c in drawing.chars() {
            if c == END {
                if self.colour {
                    finished.push_str("\u{1b}[0m");
                }
            } else if let Some((_, role)) = MARKS.iter().find(|(mark, _)| *mark == c) {
                if self.colour {
                    finished.push_str(&role.style().render().to_string());
                }
            } else {
                finished.push(c);
            }
        }
        finished
    }
}

/// Whether a character is one of the marks.
pub(super) fn is_mark(c: char) -> bool {
    c == END || MARKS.iter().any(|(mark, _)| *mark == c)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::text::Language;

    pub(crate) fn frame(language: Language, width: usize) -> Frame {
        Frame {
            width,
            look: Look::Boxes,
            colour: false,
            text: language.text(),
        }
    }

    #[test]
    fn marks_become_colours_or_nothing() {
        let drawing = Role::Bad.mark("down");
        let mut frame = frame(Language::En, 40);
        assert_eq!(frame.finish(&drawing), "down");
        frame.colour = true;
        assert_eq!(frame.finish(&drawing), "\u{1b}[31mdown\u{1b}[0m");
    }
}
