//! Lines of a bot's log, with errors, warnings and tracebacks in their colours.

use super::bots::state_mark;
use super::sanitize::clean_line;
use super::theme::{Frame, Role};
use crate::text::Field;
use crate::view::{Log, LogLine};

/// What stands above a log. For people only: it isn't part of the data.
pub fn draw_log_header(log: &Log, frame: &Frame) -> String {
    let text = frame.text;
    let state = state_mark(log.state_word(), text);
    let container = log
        .container_name
        .as_deref()
        .map(clean_line)
        .unwrap_or_default();
    let head = format!(
        "{} {}: {state}",
        text.field(Field::Bot),
        clean_line(&log.bot_id)
    );
    frame.finish(&format!("{head}  {}\n", Role::Dim.mark(&container)))
}

/// Draws one line; ends with a line end.
pub fn draw_log_line(
    line: &LogLine,
    role: Option<Role>,
    timestamps: bool,
    frame: &Frame,
) -> String {
    let mut drawing = String::new();
    if let Some(at) = line.at.as_deref().filter(|_| timestamps) {
        drawing.push_str(&Role::Dim.mark(&clean_line(at)));
        drawing.push(' ');
    }
    let text = clean_line(&line.text);
    drawing.push_str(&role.map_or_else(|| text.clone(), |role| role.mark(&text)));
    drawing.push('\n');
    frame.finish(&drawing)
}

/// Finds the meaning of each line; remembers whether it is inside a traceback.
#[derive(Clone, Debug, Default)]
pub struct Highlighter {
    in_traceback: bool,
}

impl Highlighter {
    /// The meaning of the next line.
    pub fn role(&mut self, line: &LogLine) -> Option<Role> {
        if !matches!(line.stream.as_str(), "" | "stdout" | "stderr") {
            return Some(Role::Dim);
        }
        let text = line.text.as_str();
        if text
            .trim_start()
            .starts_with("Traceback (most recent call last)")
        {
            self.in_traceback = true;
            return Some(Role::Bad);
        }
        if self.in_traceback {
            // Frames are indented; the first line that isn't names the error and ends the block.
            // An empty line stands between chained tracebacks.
            let inside = text.is_empty() || text.starts_with([' ', '\t']);
            self.in_traceback = inside;
            return Some(Role::Bad);
        }
        level(text)
    }
}

fn level(text: &str) -> Option<Role> {
    const ERRORS: [&str; 4] = ["ERROR", "CRITICAL", "FATAL", "EXCEPTION"];
    const WARNINGS: [&str; 2] = ["WARNING", "WARN"];
    const CHAINED: [&str; 2] = ["During handling of the above", "The above exception was"];
    let mut words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    if CHAINED.iter().any(|start| text.starts_with(start)) || is_error_line(text) {
        return Some(Role::Bad);
    }
    words.find_map(|word| {
        if ERRORS.contains(&word) {
            Some(Role::Bad)
        } else if WARNINGS.contains(&word) {
            Some(Role::Warning)
        } else {
            None
        }
    })
}

/// Whether a line is the last one of a traceback whose beginning was cut off: `ValueError: …`,
/// `aiogram.exceptions.TelegramConflictError: …`.
fn is_error_line(text: &str) -> bool {
    let Some((name, _)) = text.split_once(':') else {
        return false;
    };
    let named = name.ends_with("Error") || name.ends_with("Exception");
    named
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))
}

#[cfg(test)]
mod tests;
