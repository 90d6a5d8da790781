//! Settings and templates to values of the types the engine wants.

use serde_json::{Map, Value};

use crate::duration::{self, MS_MAX};
use crate::expression::Scope;
use crate::model::Setting;
use crate::template::{Located, RenderError, Template};

/// A text: strings as they are, other values as JSON.
pub(super) fn text(template: &Template, scope: &Scope<'_>) -> Result<String, RenderError> {
    Ok(match template.render(scope)? {
        Value::String(text) => text,
        other => other.to_string(),
    })
}

/// A text that may be left out: null and nothing are left out.
pub(super) fn maybe_text(
    template: Option<&Template>,
    scope: &Scope<'_>,
) -> Result<Option<String>, RenderError> {
    let Some(template) = template else {
        return Ok(None);
    };
    Ok(match template.render(scope)? {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    })
}

/// An object.
pub(super) fn object(
    template: &Template,
    scope: &Scope<'_>,
    what: &str,
) -> Result<Map<String, Value>, RenderError> {
    match template.render(scope)? {
        Value::Object(map) => Ok(map),
        other => Err(wrong(
            template,
            format!("{what} must be an object, not {}", kind(&other)),
        )),
    }
}

/// A whole number.
pub(super) fn whole<T>(setting: &Setting<T>, scope: &Scope<'_>) -> Result<T, RenderError>
where
    T: Copy + TryFrom<i64>,
{
    match setting {
        Setting::Fixed(number) => Ok(*number),
        Setting::Computed(located) => {
            let value = located.evaluate(scope)?;
            let number = value.as_i64().or_else(|| whole_of(value.as_f64()?));
            let number = number.and_then(|number| T::try_from(number).ok());
            number.ok_or_else(|| not(located, "a whole number in range", &value))
        }
    }
}

/// A number that is not negative.
pub(super) fn amount(setting: &Setting<f64>, scope: &Scope<'_>) -> Result<f64, RenderError> {
    match setting {
        Setting::Fixed(number) => Ok(*number),
        Setting::Computed(located) => {
            let value = located.evaluate(scope)?;
            let number = value.as_f64().filter(|number| *number >= 0.0);
            number.ok_or_else(|| not(located, "a number that is not negative", &value))
        }
    }
}

/// A duration, milliseconds: a text like `30s`, or a number of seconds.
pub(super) fn duration_ms(setting: &Setting<u64>, scope: &Scope<'_>) -> Result<u64, RenderError> {
    match setting {
        Setting::Fixed(ms) => Ok(*ms),
        Setting::Computed(located) => {
            let value = located.evaluate(scope)?;
            let ms = match &value {
                Value::String(text) => duration::parse_ms(text).ok(),
                Value::Number(seconds) => seconds
                    .as_f64()
                    .and_then(|seconds| duration::from_seconds(seconds).ok()),
                _ => None,
            };
            ms.ok_or_else(|| {
                not(
                    located,
                    "a duration like '30s' or a number of seconds",
                    &value,
                )
            })
        }
    }
}

/// The same for a duration that may be left out.
pub(super) fn maybe_duration_ms(
    setting: Option<&Setting<u64>>,
    scope: &Scope<'_>,
) -> Result<Option<u64>, RenderError> {
    setting
        .map(|setting| duration_ms(setting, scope))
        .transpose()
}

/// A point in time, milliseconds since the Unix epoch: a timestamp, its text, or a number of
/// seconds since the epoch. One that is over is now.
pub(super) fn time_ms(setting: &Setting<u64>, scope: &Scope<'_>) -> Result<u64, RenderError> {
    match setting {
        Setting::Fixed(ms) => Ok(*ms),
        Setting::Computed(located) => {
            let value = located.evaluate(scope)?;
            let ms = match &value {
                Value::String(text) => duration::time_ms(text),
                Value::Number(seconds) => {
                    let seconds = seconds.as_u64();
                    seconds.and_then(|seconds| seconds.checked_mul(1_000))
                }
                _ => None,
            };
            // Later than any wait can be is a mistake of units.
            let ms = ms.filter(|ms| *ms < MS_MAX * 10);
            ms.ok_or_else(|| not(located, "a time", &value))
        }
    }
}

fn whole_of(number: f64) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only numbers that are whole and far below 2^52 get here"
    )]
    (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
}

fn not(located: &Located, what: &str, value: &Value) -> RenderError {
    located.error(0, format!("expected {what}, found {}", kind(value)))
}

/// An error about the value of a template.
pub(super) fn wrong(template: &Template, reason: String) -> RenderError {
    let mut error = None;
    template.each(&mut |located| {
        if error.is_none() {
            error = Some(located.error(0, reason.clone()));
        }
    });
    error.unwrap_or(RenderError {
        position: crate::source::Position { line: 1, column: 1 },
        reason,
        expression: String::new(),
    })
}

/// What to call a kind of value in a message.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
