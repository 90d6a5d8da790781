//! Values with `${…}` in them.
//!
//! A string that is exactly one `${…}` takes the value of the expression, whatever its type. In a
//! longer string the value is written out: strings as they are, the rest as JSON. `$${` is `${`.

use serde_json::{Map, Value};

use crate::expression::{EvaluateError, Expression, Scope};
use crate::source::Position;

/// A value that may hold expressions.
#[derive(Clone, Debug)]
pub enum Template {
    /// No expression anywhere.
    Literal(Value),
    /// The value of an expression.
    Expression(Located),
    /// Text with expressions in it.
    Text(Vec<Part>),
    /// A list with an expression in it.
    List(Vec<Template>),
    /// An object with an expression in it.
    Object(Vec<(String, Template)>),
}

/// A part of a text.
#[derive(Clone, Debug)]
pub enum Part {
    /// As it is.
    Plain(String),
    /// The value of an expression, written out.
    Expression(Located),
}

/// An expression and where it was written.
#[derive(Clone, Debug)]
pub struct Located {
    /// The expression.
    pub expression: Expression,
    /// Where its first character is.
    pub position: Position,
}

/// Why a value could not be computed, and where it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {reason} in '{expression}'")]
pub struct RenderError {
    /// Where.
    pub position: Position,
    /// Why.
    pub reason: String,
    /// The expression, shortened if it is long.
    pub expression: String,
}

/// Bytes of a text that expressions are put into.
const TEXT_BYTES_MAX: usize = 4 << 20;
/// Characters of an expression that a message shows.
const SHOWN_CHARS_MAX: usize = 80;

impl Template {
    /// The value.
    ///
    /// # Errors
    /// When an expression has none.
    pub fn render(&self, scope: &Scope<'_>) -> Result<Value, RenderError> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Expression(located) => located.evaluate(scope)?,
            Self::Text(parts) => Value::String(text(parts, scope)?),
            Self::List(items) => {
                let items = items.iter().map(|item| item.render(scope));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Self::Object(entries) => Value::Object(object(entries, scope)?),
        })
    }

    /// Whether the value is always the same.
    pub fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    /// Calls `see` with every expression in it.
    pub fn each(&self, see: &mut dyn FnMut(&Located)) {
        match self {
            Self::Literal(_) => {}
            Self::Expression(located) => see(located),
            Self::Text(parts) => {
                for part in parts {
                    if let Part::Expression(located) = part {
                        see(located);
                    }
                }
            }
            Self::List(items) => items.iter().for_each(|item| item.each(see)),
            Self::Object(entries) => entries.iter().for_each(|(_, item)| item.each(see)),
        }
    }
}

/// The values of the entries of an object.
///
/// # Errors
/// When an expression has none.
pub fn object(
    entries: &[(String, Template)],
    scope: &Scope<'_>,
) -> Result<Map<String, Value>, RenderError> {
    let entries = entries
        .iter()
        .map(|(key, value)| Ok((key.clone(), value.render(scope)?)));
    entries.collect()
}

fn text(parts: &[Part], scope: &Scope<'_>) -> Result<String, RenderError> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Plain(plain) => text.push_str(plain),
            Part::Expression(located) => {
                match located.evaluate(scope)? {
                    Value::String(value) => text.push_str(&value),
                    value => text.push_str(&value.to_string()),
                }
                if text.len() > TEXT_BYTES_MAX {
                    return Err(located.error(0, "the text is too long".to_owned()));
                }
            }
        }
    }
    Ok(text)
}

impl Located {
    /// The expression's value.
    ///
    /// # Errors
    /// Why it has none, and where it was written.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, RenderError> {
        self.expression
            .evaluate(scope)
            .map_err(|error| self.at(error))
    }

    /// Whether the condition holds.
    ///
    /// # Errors
    /// Why that can't be told, and where it was written.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, RenderError> {
        self.expression.holds(scope).map_err(|error| self.at(error))
    }

    fn at(&self, error: EvaluateError) -> RenderError {
        self.error(error.at, error.reason)
    }

    /// An error at a byte of this expression.
    pub(crate) fn error(&self, at: usize, reason: String) -> RenderError {
        let text = self.expression.text();
        let before = text.get(..at).unwrap_or("");
        // Over a line break the column is not known any more.
        let column = if before.contains('\n') {
            0
        } else {
            before.chars().count()
        };
        let mut shown: String = text.trim().chars().take(SHOWN_CHARS_MAX).collect();
        if shown.len() < text.trim().len() {
            shown.push('…');
        }
        RenderError {
            position: Position {
                line: self.position.line,
                column: self.position.column + column,
            },
            reason,
            expression: shown,
        }
    }
}
