//! Errors.

use serde_json::Value;

use super::log::Highlighter;
use super::panel::Panel;
use super::sanitize::{clean_line, clean_text};
use super::theme::{Frame, Look, Role};
use crate::text::{Field, Text};
use crate::view::{LogLine, Report, number_or_text};

/// Draws an error.
pub fn draw_report(view: &Report, frame: &Frame) -> String {
    let text = frame.text;
    let mut panel = Panel::new(Role::Bad, &format!("✗ {}", text.field(Field::Error)));
    if frame.look == Look::Plain {
        let message = clean_line(&view.message);
        panel = Panel::new(
            Role::Bad,
            &format!("{}: {message}", text.field(Field::Error)),
        );
    } else {
        panel.text(clean_text(&view.message));
    }
    let mut reason = None;
    if let Some(Value::Object(details)) = &view.details {
        reason = details
            .get("reason")
            .map(|reason| explained(&number_or_text(reason), text));
        // One that did not run before can't run again; the message says so.
        let ran = details.get("previous_ran") != Some(&Value::Bool(false));
        if let Some(back) = details
            .get("rolled_back")
            .and_then(Value::as_bool)
            .filter(|_| ran)
        {
            panel.text(text.rolled_back(back));
        }
    }
    panel
        .maybe(
            text.field(Field::Hint),
            view.hint.as_deref().map(clean_text),
        )
        .maybe(text.field(Field::Reason), reason)
        .maybe(
            text.field(Field::Example),
            view.example.as_ref().map(|e| clean_text(&compact(e))),
        )
        .maybe(text.field(Field::Details), details(view))
        .pair(text.field(Field::Code), clean_line(&view.code))
        .maybe(
            text.field(Field::Job),
            view.job_id.map(|job| job.to_string()),
        );
    panel.block(text.last_lines(), log_tail(view));
    panel.draw(frame)
}

/// The last lines of the bot, in the colours they have in `logs`.
fn log_tail(view: &Report) -> Vec<String> {
    let mut highlighter = Highlighter::default();
    let lines = view.log_tail().into_iter().map(|text| {
        let clean = clean_line(&text);
        let line = LogLine {
            text,
            ..LogLine::default()
        };
        highlighter
            .role(&line)
            .map_or_else(|| clean.clone(), |role| role.mark(&clean))
    });
    lines.collect()
}

/// A reason in words, if it is a code that is known.
fn explained(reason: &str, text: Text) -> String {
    match text.by_code(reason) {
        Some(said) => format!("{} ({reason})", said.message),
        None => clean_line(reason),
    }
}

/// What the details hold beside what is shown in its own place.
fn details(view: &Report) -> Option<String> {
    const SHOWN_ELSEWHERE: [&str; 4] = ["log_tail", "rolled_back", "previous_ran", "reason"];
    let shown = match view.details.as_ref()? {
        Value::Object(details) => {
            let pairs = details.iter().filter(|(key, value)| {
                !SHOWN_ELSEWHERE.contains(&key.as_str()) && !value.is_null()
            });
            let pairs: Vec<String> = pairs
                .map(|(key, value)| format!("{key}: {}", compact(value)))
                .collect();
            pairs.join("; ")
        }
        other => compact(other),
    };
    (!shown.is_empty()).then(|| clean_text(&shown))
}

/// A value for people: text as it is, lists with commas, the rest as JSON.
fn compact(value: &Value) -> String {
    match value {
        Value::Array(items)
            if items
                .iter()
                .all(|item| !item.is_array() && !item.is_object()) =>
        {
            items
                .iter()
                .map(number_or_text)
                .collect::<Vec<_>>()
                .join(", ")
        }
        other => number_or_text(other),
    }
}

#[cfg(test)]
mod tests;
