//! Templates and expressions in the tree.

use super::{Reading, VARIABLES};
use crate::expression::{self, Expression, scan};
use crate::source::Span;
use crate::template::{Located, Part, Template};
use crate::yaml::{Kind, Node, Text, place};

/// How an expression's value is used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Usage {
    /// It is a value of its own.
    Whole,
    /// It becomes a part of a longer text.
    Part,
}

impl Reading<'_, '_> {
    /// A value that may hold `${…}`.
    pub(super) fn template(&mut self, node: &Node) -> Template {
        match &node.kind {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) => Template::Literal(node.to_json()),
            Kind::Text(text) => self.text_template(node, text),
            Kind::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.template(item)).collect();
                if items.iter().all(Template::is_literal) {
                    return Template::Literal(node.to_json());
                }
                Template::List(items)
            }
            Kind::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| (self.plain_key(key), self.template(value)))
                    .collect();
                if entries.iter().all(|(_, value)| value.is_literal()) {
                    return Template::Literal(node.to_json());
                }
                Template::Object(entries)
            }
        }
    }

    /// A key of an object, which can't be computed.
    pub(super) fn plain_key(&mut self, key: &Node) -> String {
        let name = key.text().unwrap_or("");
        if name.contains("${") {
            self.hint(
                key.span,
                "a key can't be computed",
                "make the whole object with one expression: \"${ {input.name: 1} }\"",
            );
        }
        name.to_owned()
    }

    fn text_template(&mut self, node: &Node, text: &Text) -> Template {
        let value = text.value.as_str();
        if !value.contains("${") {
            return Template::Literal(value.into());
        }
        let trimmed = value.trim();
        if let Some(inner) = trimmed.strip_prefix("${")
            && scan::template_end(inner) == Some(inner.len().saturating_sub(1))
            && inner.ends_with('}')
        {
            let start = value.find("${").unwrap_or(0) + 2;
            let located =
                self.expression_at(node, text, start, start + inner.len() - 1, Usage::Whole);
            return located.map_or(
                Template::Literal(serde_json::Value::Null),
                Template::Expression,
            );
        }
        self.parts(node, text)
    }

    fn parts(&mut self, node: &Node, text: &Text) -> Template {
        let value = text.value.as_str();
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut at = 0;
        while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
            if rest.starts_with("$${") {
                plain.push_str("${");
                at += 3;
            } else if let Some(inner) = rest.strip_prefix("${") {
                let Some(length) = scan::template_end(inner) else {
                    let from = place(self.notes.source, node, text, at);
                    self.hint(
                        Span::new(from, from + 2),
                        "'${' without its '}'",
                        "write '$${' for the characters themselves",
                    );
                    break;
                };
                if !plain.is_empty() {
                    parts.push(Part::Plain(std::mem::take(&mut plain)));
                }
                let (start, end) = (at + 2, at + 2 + length);
                let located = self.expression_at(node, text, start, end, Usage::Part);
                parts.extend(located.map(Part::Expression));
                at = end + 1;
            } else {
                let character = rest.chars().next().unwrap_or(' ');
                plain.push(character);
                at += character.len_utf8();
            }
        }
        if parts.is_empty() {
            return Template::Literal(plain.into());
        }
        if !plain.is_empty() {
            parts.push(Part::Plain(plain));
        }
        Template::Text(parts)
    }

    /// A string that is an expression as a whole; `${…}` around it is allowed.
    pub(super) fn expression(&mut self, node: &Node, what: &str) -> Option<Located> {
        let text = match &node.kind {
            Kind::Text(text) => text,
            Kind::Bool(value) => {
                let text = Text {
                    value: value.to_string(),
                    style: saphyr_parser::ScalarStyle::Plain,
                };
                return self.expression_at(node, &text, 0, text.value.len(), Usage::Whole);
            }
            Kind::Null | Kind::Number(_) | Kind::List(_) | Kind::Map(_) => {
                self.add(
                    node.span,
                    format!("{what} must be an expression, not {}", node.what()),
                );
                return None;
            }
        };
        let value = text.value.as_str();
        let whole = value.trim();
        let start = value.len() - value.trim_start().len();
        match whole
            .strip_prefix("${")
            .and_then(|inner| inner.strip_suffix('}'))
        {
            Some(inner) if scan::template_end(&format!("{inner}}}")) == Some(inner.len()) => {
                self.expression_at(node, text, start + 2, start + 2 + inner.len(), Usage::Whole)
            }
            _ => self.expression_at(node, text, start, start + whole.len(), Usage::Whole),
        }
    }

    /// The `${…}` that a whole string is, if it is one.
    pub(super) fn computed(&mut self, node: &Node) -> Option<Option<Located>> {
        let text = node.text()?;
        if !text.contains("${") {
            return None;
        }
        match self.template(node) {
            Template::Expression(located) => Some(Some(located)),
            Template::Literal(_) | Template::Text(_) | Template::List(_) | Template::Object(_) => {
                Some(None)
            }
        }
    }

    fn expression_at(
        &mut self,
        node: &Node,
        text: &Text,
        start: usize,
        end: usize,
        usage: Usage,
    ) -> Option<Located> {
        let source = self.notes.source;
        let written = text.value.get(start..end).unwrap_or("");
        let locals = self.locals.iter().map(String::as_str);
        let variables: Vec<&str> = VARIABLES.into_iter().chain(locals).collect();
        match expression::compile(written, &variables) {
            Ok(expression) => {
                self.check_uses(node, text, start, &expression, usage);
                let lead = written.len() - written.trim_start().len();
                let first = place(source, node, text, start + lead);
                // Errors count from the expression's first byte, blanks before it included.
                let position = source.position(first);
                let blanks = written.get(..lead).unwrap_or("").chars().count();
                Some(Located {
                    expression,
                    position: crate::source::Position {
                        line: position.line,
                        column: position.column.saturating_sub(blanks).max(1),
                    },
                })
            }
            Err(errors) => {
                for error in errors {
                    let from = place(source, node, text, start + error.at);
                    let to = place(
                        source,
                        node,
                        text,
                        (start + error.at + error.length).min(end),
                    );
                    self.notes
                        .push(Span::new(from, to), error.reason, error.hint);
                }
                None
            }
        }
    }

    /// Checks what an expression does with secrets and documents.
    fn check_uses(
        &mut self,
        node: &Node,
        text: &Text,
        start: usize,
        expression: &Expression,
        usage: Usage,
    ) {
        for used in expression.uses() {
            let span = {
                let from = place(
                    self.notes.source,
                    node,
                    text,
                    start + expression.place(used),
                );
                let length: usize = used.path.iter().map(|name| name.len() + 1).sum();
                Span::new(from, from + length.saturating_sub(1))
            };
            let second = used.path.get(1).map_or("", String::as_str);
            match used.path.first().map(String::as_str) {
                Some("input") if self.secrets.iter().any(|secret| secret == second) => {
                    if usage == Usage::Part {
                        self.hint(
                            span,
                            format!("'input.{second}' is sealed, it can't be a part of a text"),
                            "pass it on whole, as a parameter of its own; only the worker can open it",
                        );
                    } else if !used.passes {
                        self.hint(
                            span,
                            format!("'input.{second}' is sealed, an expression can't look into it"),
                            "it can be passed on whole, and has() tells whether it was given",
                        );
                    }
                }
                Some("documents")
                    if !second.is_empty() && !self.documents.iter().any(|name| name == second) =>
                {
                    self.hint(
                        span,
                        format!("this state loads no document '{second}'"),
                        format!("add `load: {{{second}: {{store: …, key: …}}}}`"),
                    );
                }
                _ => {}
            }
        }
    }
}
