//! From an expression and variables to a value.

use cel::{ExecutionError, Value as CelValue};
use serde_json::Value;

use super::compile::{Body, Inner};
use super::functions::LIBRARY;
use super::scope::Missing;
use super::{EvaluateError, Expression, Scope, convert, meter};

impl Expression {
    /// Evaluates it.
    ///
    /// # Errors
    /// Why there is no value: usually a key that is not there.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, EvaluateError> {
        let inner = self.inner();
        match &inner.body {
            Body::Path(path) => match scope.find(path.iter().map(String::as_str)) {
                Ok(found) => Ok(found.to_value()),
                Err(missing) => Err(inner.missing(path, missing)),
            },
            Body::PathOr(path, other) => match scope.find(path.iter().map(String::as_str)) {
                Ok(found) if !found.is_null() => Ok(found.to_value()),
                Err(missing) if !absent(scope, path, missing) => Err(inner.missing(path, missing)),
                Ok(_) | Err(_) => Ok(other.clone()),
            },
            Body::Program { root, alternatives } => {
                let library = LIBRARY
                    .as_ref()
                    .map_err(|error| inner.error(error.clone()))?;
                let (result, exhausted) = meter::metered(alternatives, || {
                    let mut context = library.root.new_inner_scope();
                    context.set_variable_resolver(scope);
                    match CelValue::resolve_val(root, &context) {
                        Ok(value) => convert::to_json(value.as_ref())
                            .map_err(|what| inner.error(format!("the result is {what}"))),
                        Err(error) => Err(inner.explain(&error)),
                    }
                });
                if exhausted {
                    return Err(inner.error("the expression takes too much work".to_owned()));
                }
                result
            }
        }
    }

    /// Evaluates a condition.
    ///
    /// # Errors
    /// When there is no value, or one that is neither true nor false.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, EvaluateError> {
        match self.evaluate(scope)? {
            Value::Bool(value) => Ok(value),
            other => Err(self.inner().error(format!(
                "a condition must be true or false, this is {}",
                kind(&other)
            ))),
        }
    }
}

/// Whether a path leads nowhere because something is missing or null on the way, as opposed to
/// a number or a string that has no keys.
fn absent(scope: &Scope<'_>, path: &[String], missing: Missing) -> bool {
    match missing {
        Missing::Variable => false,
        Missing::Key(_) => true,
        Missing::NotAnObject(at) => scope
            .find(path.iter().take(at).map(String::as_str))
            .is_ok_and(super::scope::Found::is_null),
    }
}

impl Inner {
    fn error(&self, reason: String) -> EvaluateError {
        EvaluateError { at: 0, reason }
    }

    fn missing(&self, path: &[String], missing: Missing) -> EvaluateError {
        let name = |at: usize| path.get(at).map_or("", String::as_str);
        let before = |at: usize| path.get(..at).unwrap_or(path).join(".");
        self.error(match missing {
            Missing::Variable => format!("there is no variable '{}'", name(0)),
            Missing::Key(at) => format!("'{}' has no key '{}'", before(at), name(at)),
            Missing::NotAnObject(at) => {
                format!(
                    "'{}' is not an object, it has no key '{}'",
                    before(at),
                    name(at)
                )
            }
        })
    }

    /// CEL's error in words, at the place it concerns if that can be told.
    fn explain(&self, error: &ExecutionError) -> EvaluateError {
        let (key, reason) = match error {
            ExecutionError::NoSuchKey(key) => {
                (Some(key.as_str()), format!("there is no key '{key}'"))
            }
            ExecutionError::NoSuchOverload(overload) => {
                let kinds = overload.argument_types();
                let reason = match overload.function() {
                    "_._" => format!("{} has no keys", first(kinds)),
                    name => misfit(written(name), kinds),
                };
                (None, reason)
            }
            ExecutionError::UndeclaredReference(name) => {
                (None, format!("there is no variable or function '{name}'"))
            }
            ExecutionError::FunctionError { function, message } => {
                (None, format!("{function}: {message}"))
            }
            ExecutionError::UnexpectedType { got, want } => {
                (None, format!("expected {want}, found {got}"))
            }
            ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
                (None, "division by zero".to_owned())
            }
            ExecutionError::Overflow(..) => (None, "the number is too large".to_owned()),
            ExecutionError::IndexOutOfBounds(_) => {
                (None, "the list has no item at this place".to_owned())
            }
            ExecutionError::UnsupportedBinaryOperator(name, left, right) => {
                let kinds = [left, right].map(|value| value.type_of().to_string());
                (None, misfit(written(name), &kinds))
            }
            ExecutionError::ValuesNotComparable(left, right) => {
                let kinds = [left, right].map(|value| value.type_of().to_string());
                (None, misfit("comparing", &kinds))
            }
            // The others' own texts would show whole values.
            _ => (None, "the values do not fit the operation".to_owned()),
        };
        let used = key.and_then(|key| {
            let mut uses = self.uses.iter();
            uses.find(|used| used.path.iter().skip(1).any(|name| name == key))
        });
        let at = used.and_then(|used| self.places.iter().find(|(id, _)| *id == used.id));
        EvaluateError {
            at: at.map_or(0, |(_, at)| *at),
            reason,
        }
    }
}

/// What a function of CEL's is called in an expression.
fn written(name: &str) -> &str {
    match name.trim_matches('_') {
        "add" => "+",
        "sub" => "-",
        "mul" => "*",
        "div" => "/",
        "rem" => "%",
        "math.@min" => "math.least",
        "math.@max" => "math.greatest",
        name => name,
    }
}

/// An operation on values it does not work on, and what would help.
fn misfit(name: &str, kinds: &[String]) -> String {
    let kinds: Vec<&str> = kinds.iter().map(|kind| named(kind)).collect();
    let reason = format!("'{name}' does not work on {}", kinds.join(" and "));
    let has = |names: &[&str]| kinds.iter().any(|kind| names.contains(kind));
    let (whole, broken) = (has(&["int", "uint"]), has(&["double"]));
    if has(&["string"]) && (whole || broken) {
        format!("{reason}; make them one kind with int(…), double(…) or string(…)")
    } else if whole && broken {
        format!("{reason}; write double(…) around the whole number")
    } else {
        reason
    }
}

/// What a type is called in an expression.
fn named(kind: &str) -> &str {
    match kind {
        "float" => "double",
        "null_type" => "null",
        "google.protobuf.Timestamp" => "timestamp",
        "google.protobuf.Duration" => "duration",
        kind => kind,
    }
}

fn first(kinds: &[String]) -> &str {
    match kinds.first().map_or("value", String::as_str) {
        "null_type" => "null",
        kind => kind,
    }
}

/// What to call a kind of value in a message.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
