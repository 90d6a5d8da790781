//! A panel: a title and what belongs to it.

use unicode_width::UnicodeWidthStr;

use super::theme::{Frame, Look, Role};
use super::wrap::wrap;

/// A panel being put together. Everything put in must be clean already.
pub(super) struct Panel {
    title: String,
    rows: Vec<Row>,
}

enum Row {
    /// A sentence.
    Text(String),
    /// A name and its value.
    Pair(String, String),
    /// Lines that are shown as they are, under a heading.
    Block(String, Vec<String>),
}

impl Panel {
    /// A panel with a title in the colour of its meaning.
    pub(super) fn new(role: Role, title: &str) -> Self {
        Self {
            title: role.mark(title),
            rows: Vec::new(),
        }
    }

    /// Adds a sentence.
    pub(super) fn text(&mut self, text: impl Into<String>) -> &mut Self {
        self.rows.push(Row::Text(text.into()));
        self
    }

    /// Adds a value with its name.
    pub(super) fn pair(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.rows.push(Row::Pair(name.to_owned(), value.into()));
        self
    }

    /// Adds a value with its name, if there is one.
    pub(super) fn maybe(&mut self, name: &str, value: Option<impl Into<String>>) -> &mut Self {
        match value {
            Some(value) => self.pair(name, value),
            None => self,
        }
    }

    /// Adds lines under a heading, unless there are none.
    pub(super) fn block(&mut self, heading: &str, lines: Vec<String>) -> &mut Self {
        if !lines.is_empty() {
            self.rows.push(Row::Block(heading.to_owned(), lines));
        }
        self
    }

    /// Draws the panel; ends with a line end.
    pub(super) fn draw(&self, frame: &Frame) -> String {
        let drawing = match frame.look {
            Look::Boxes => self.boxed(frame.width.max(24)),
            Look::Plain => self.plain(),
        };
        frame.finish(&drawing)
    }

    fn names_width(&self) -> usize {
        let names = self.rows.iter().filter_map(|row| match row {
            Row::Pair(name, _) => Some(name.width()),
            _ => None,
        });
        names.max().unwrap_or(0)
    }

    /// The lines inside, broken at a width; `usize::MAX` doesn't break.
    fn lines(&self, width: usize) -> Vec<String> {
        let names = self.names_width();
        let mut lines = Vec::new();
        for row in &self.rows {
            match row {
                Row::Text(text) => lines.extend(wrap(text, width)),
                Row::Pair(name, value) => {
                    let pad = " ".repeat(names - name.width());
                    let mut first = format!("{}{pad}  ", Role::Dim.mark(name));
                    for line in wrap(value, width.saturating_sub(names + 2)) {
                        lines.push(format!("{first}{line}"));
                        first = " ".repeat(names + 2);
                    }
                }
                Row::Block(heading, block) => {
                    lines.push(Role::Dim.mark(heading));
                    for line in block
                        .iter()
                        .flat_map(|line| wrap(line, width.saturating_sub(2)))
                    {
                        lines.push(format!("  {line}"));
                    }
                }
            }
        }
        lines
    }

    fn plain(&self) -> String {
        let mut drawing = format!("{}\n", self.title);
        for line in self.lines(usize::MAX) {
            drawing.push_str("  ");
            drawing.push_str(line.trim_end());
            drawing.push('\n');
        }
        drawing
    }

    fn boxed(&self, width: usize) -> String {
        let titles = wrap(&self.title, width - 6);
        let title = titles.first().cloned().unwrap_or_default();
        let mut lines: Vec<String> = titles.into_iter().skip(1).collect();
        lines.extend(self.lines(width - 4));
        let widest = lines.iter().map(|line| line.width()).max().unwrap_or(0);
        let inner = widest.max(title.width() + 2).min(width - 4);
        let top = "─".repeat((inner + 2).saturating_sub(title.width() + 3));
        let mut drawing = format!("╭─ {title} {top}╮\n");
        for line in lines {
            let pad = " ".repeat(inner.saturating_sub(line.width()));
            drawing.push_str(&format!("│ {line}{pad} │\n"));
        }
        drawing.push_str(&format!("╰{}╯\n", "─".repeat(inner + 2)));
        drawing
    }
}
