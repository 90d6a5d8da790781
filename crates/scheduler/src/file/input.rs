//! TOML values as JSON.

use serde_json::{Map, Number, Value};
use toml::de::DeValue;

use super::fields::integer;

/// The JSON of a TOML value. Dates and times become texts.
pub(super) fn json(value: &DeValue<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Datetime(moment) => Value::String(moment.to_string()),
        DeValue::Integer(number) => integer(value)
            .ok_or_else(|| format!("the number {number} has more than 64 bits"))?
            .into(),
        DeValue::Float(number) => {
            let parsed = number.as_str().parse().ok().and_then(Number::from_f64);
            let parsed = parsed.ok_or_else(|| format!("JSON has no number {number}"))?;
            Value::Number(parsed)
        }
        DeValue::Array(values) => {
            let values = values.iter().map(|value| json(value.get_ref()));
            Value::Array(values.collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => {
            let entries = table.iter().map(|(key, value)| {
                let value = json(value.get_ref())?;
                Ok((key.get_ref().to_string(), value))
            });
            Value::Object(entries.collect::<Result<Map<_, _>, String>>()?)
        }
    })
}
