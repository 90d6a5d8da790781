//! Numbers, durations, names and other single values.

use serde_json::Value;

use super::Reading;
use crate::duration;
use crate::model::{Routes, Setting, Target};
use crate::nearest;
use crate::yaml::{Kind, Node};

/// Characters of a name.
const NAME_CHARS_MAX: usize = 100;

impl Reading<'_, '_> {
    /// A string without expressions.
    pub(super) fn string(&mut self, node: &Node, what: &str) -> Option<String> {
        let Some(text) = node.text() else {
            self.add(
                node.span,
                format!("{what} must be a string, not {}", node.what()),
            );
            return None;
        };
        if text.contains("${") {
            self.add(node.span, format!("{what} can't be computed"));
            return None;
        }
        Some(text.to_owned())
    }

    /// The name of a blueprint, a state or the like: letters, digits, `_`, `-` and `.`.
    pub(super) fn name(&mut self, node: &Node, what: &str) -> Option<String> {
        let name = self.string(node, what)?;
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || !name.chars().all(fits) {
            self.hint(
                node.span,
                format!("'{}' is no name for {what}", shortened(&name)),
                "names are made of letters, digits, '_', '-' and '.'",
            );
            return None;
        }
        Some(name)
    }

    /// The name of a state to go to. Whether it is there is checked when all states are known.
    pub(super) fn target(&mut self, node: &Node) -> Option<Target> {
        let Some(state) = node.text().filter(|text| !text.is_empty()) else {
            self.add(
                node.span,
                format!("expected the name of a state, not {}", node.what()),
            );
            return None;
        };
        if state.contains("${") {
            self.hint(
                node.span,
                "the state to go to can't be computed",
                "choose with `when`, so that every way can be checked",
            );
            return None;
        }
        Some(Target {
            state: state.to_owned(),
            span: node.span,
        })
    }

    /// Which state each outcome leads to.
    pub(super) fn routes(&mut self, node: &Node, what: &str, known: Option<&[&str]>) -> Routes {
        let fields = match known {
            Some(known) => self.fields(node, what, known),
            None => self.mapping(node, what),
        };
        let mut routes = Routes::default();
        let Some(fields) = fields else {
            self.complete = false;
            return routes;
        };
        if fields.entries().is_empty() {
            self.add(node.span, format!("{what} leads nowhere"));
        }
        for (key, value) in fields.entries() {
            match self.target(value) {
                Some(target) => {
                    routes.0.insert(key.text().unwrap_or("").to_owned(), target);
                }
                None => self.complete = false,
            }
        }
        routes
    }

    /// One of several words.
    pub(super) fn choice(&mut self, node: &Node, what: &str, words: &[&str]) -> Option<String> {
        let word = self.string(node, what)?;
        if words.contains(&word.as_str()) {
            return Some(word);
        }
        let hint = nearest::suggestion(&word, words);
        let reason = format!("'{}' is no {what}", shortened(&word));
        self.notes.push(node.span, reason, hint);
        None
    }

    /// A whole number between two others.
    pub(super) fn whole(&mut self, node: &Node, what: &str, least: i64, most: i64) -> Option<i64> {
        let number = match &node.kind {
            Kind::Number(number) => number.as_i64(),
            Kind::Null | Kind::Bool(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => None,
        };
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.add(
                node.span,
                format!("{what} must be a whole number from {least} to {most}"),
            );
        }
        number
    }

    /// A whole number, or an expression for one.
    pub(super) fn whole_setting<T: TryFrom<i64>>(
        &mut self,
        node: &Node,
        what: &str,
        least: i64,
        most: i64,
    ) -> Option<Setting<T>> {
        if let Some(computed) = self.computed_setting(node, what) {
            return computed;
        }
        let number = self.whole(node, what, least, most)?;
        T::try_from(number).ok().map(Setting::Fixed)
    }

    /// A number that is not negative, or an expression for one.
    pub(super) fn amount(&mut self, node: &Node, what: &str) -> Option<Setting<f64>> {
        if let Some(computed) = self.computed_setting(node, what) {
            return computed;
        }
        let number = match node.to_json() {
            Value::Number(number) => number.as_f64().filter(|number| *number >= 0.0),
            _ => None,
        };
        if number.is_none() {
            self.add(
                node.span,
                format!("{what} must be a number that is not negative"),
            );
        }
        number.map(Setting::Fixed)
    }

    /// A duration, milliseconds.
    pub(super) fn duration_ms(&mut self, node: &Node, what: &str) -> Option<u64> {
        self.duration(node, what, duration::EXAMPLE)
    }

    fn duration(&mut self, node: &Node, what: &str, hint: &str) -> Option<u64> {
        let parsed = match &node.kind {
            Kind::Text(text) => duration::parse_ms(&text.value),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Map(_) => {
                Err(duration::DurationError::Malformed)
            }
        };
        match parsed {
            Ok(ms) => Some(ms),
            Err(error) => {
                let written = self.notes.source.slice(node.span);
                let reason = match error {
                    duration::DurationError::Malformed => {
                        format!("'{}' is not a duration for {what}", shortened(written))
                    }
                    duration::DurationError::TooLong => format!("{what} is {error}"),
                };
                self.hint(node.span, reason, hint);
                None
            }
        }
    }

    /// A duration above zero, or an expression for one, milliseconds.
    pub(super) fn duration_setting(&mut self, node: &Node, what: &str) -> Option<Setting<u64>> {
        if let Some(computed) = self.computed_setting(node, what) {
            return computed;
        }
        let ms = self.duration(node, what, duration::SETTING)?;
        if ms == 0 {
            self.add(node.span, format!("{what} must be longer than nothing"));
            return None;
        }
        Some(Setting::Fixed(ms))
    }

    /// The expression of a setting, if it is one; `Some(None)` if it is a broken one.
    pub(super) fn computed_setting<T>(
        &mut self,
        node: &Node,
        what: &str,
    ) -> Option<Option<Setting<T>>> {
        let computed = self.computed(node)?;
        if computed.is_none() && self.notes.is_clean() {
            self.add(
                node.span,
                format!("{what} must be one expression, without text around it"),
            );
        }
        Some(computed.map(Setting::Computed))
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
