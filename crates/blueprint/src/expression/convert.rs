//! JSON to CEL's values, borrowing its strings, and back.

use std::collections::HashMap;

use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelOptional,
    CelString, CelUInt,
};
use cel::common::value::Val;
use serde_json::{Map, Number, Value};

use super::meter;
use super::time::{Duration, Timestamp};

/// A JSON value as CEL sees it; `None` when the meter is used up.
pub(super) fn to_cel(value: &Value) -> Option<Box<dyn Val + '_>> {
    Some(match value {
        Value::Null => charged(CelNull)?,
        Value::Bool(value) => charged(CelBool::from(*value))?,
        Value::Number(number) => number_to_cel(number)?,
        Value::String(text) => {
            if !meter::charge(meter::text_units(text.len())) {
                return None;
            }
            Box::new(CelString::from(text.as_str()))
        }
        Value::Array(items) => {
            if !meter::charge(1) {
                return None;
            }
            let items = items.iter().map(to_cel).collect::<Option<Vec<_>>>()?;
            Box::new(CelList::from(items))
        }
        Value::Object(map) => map_to_cel(map)?,
    })
}

/// A JSON object as CEL sees it; `None` when the meter is used up.
pub(super) fn map_to_cel(map: &Map<String, Value>) -> Option<Box<dyn Val + '_>> {
    if !meter::charge(1) {
        return None;
    }
    let mut entries = HashMap::with_capacity(map.len());
    for (key, value) in map {
        if !meter::charge(meter::text_units(key.len())) {
            return None;
        }
        entries.insert(CelMapKey::from(key.as_str()), to_cel(value)?);
    }
    Some(Box::new(CelMap::from(entries)))
}

fn charged<'v, V: Val + 'v>(value: V) -> Option<Box<dyn Val + 'v>> {
    if !meter::charge(1) {
        return None;
    }
    Some(Box::new(value))
}

fn number_to_cel<'v>(number: &Number) -> Option<Box<dyn Val + 'v>> {
    if let Some(whole) = number.as_i64() {
        charged(CelInt::from(whole))
    } else if let Some(whole) = number.as_u64() {
        charged(CelUInt::from(whole))
    } else {
        charged(CelDouble::from(number.as_f64().unwrap_or(f64::MAX)))
    }
}

/// A value of CEL's as JSON.
///
/// # Errors
/// What it is, when JSON has nothing like it.
pub(super) fn to_json(value: &dyn Val) -> Result<Value, String> {
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        return Ok(Value::String(text.inner().to_owned()));
    }
    if let Some(whole) = value.downcast_ref::<CelInt>() {
        return Ok(Value::from(*whole.inner()));
    }
    if let Some(value) = value.downcast_ref::<CelBool>() {
        return Ok(Value::Bool(*value.inner()));
    }
    if let Some(whole) = value.downcast_ref::<CelUInt>() {
        return Ok(Value::from(*whole.inner()));
    }
    if let Some(number) = value.downcast_ref::<CelDouble>() {
        return Number::from_f64(*number.inner())
            .map(Value::Number)
            .ok_or_else(|| "a number without end (division by 0.0?)".to_owned());
    }
    if value.downcast_ref::<CelNull>().is_some() {
        return Ok(Value::Null);
    }
    if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        let items = list.inner().iter().map(|item| to_json(item.as_ref()));
        return items.collect();
    }
    if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        // Sorted, so that the same job writes the same bytes each time.
        let mut entries = map
            .inner()
            .iter()
            .map(|(key, value)| Ok((key_text(key), to_json(value.as_ref())?)))
            .collect::<Result<Vec<_>, String>>()?;
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        return Ok(Value::Object(entries.into_iter().collect::<Map<_, _>>()));
    }
    if let Some(optional) = value.downcast_ref::<CelOptional<'_>>() {
        return optional.inner().map_or(Ok(Value::Null), to_json);
    }
    if let Some(time) = value.downcast_ref::<Timestamp>() {
        let text = time.to_text().ok_or("a time out of range")?;
        return Ok(Value::String(text));
    }
    if let Some(duration) = value.downcast_ref::<Duration>() {
        return Ok(Value::String(duration.to_text()));
    }
    if value.downcast_ref::<CelBytes<'_>>().is_some() {
        return Err("bytes, which JSON has not (use string(…))".to_owned());
    }
    Err(format!("a {}, which JSON has not", value.get_type().name()))
}

pub(super) fn key_text(key: &CelMapKey<'_>) -> String {
    match key {
        CelMapKey::Bool(value) => value.inner().to_string(),
        CelMapKey::Int(value) => value.inner().to_string(),
        CelMapKey::UInt(value) => value.inner().to_string(),
        CelMapKey::String(text) => text.inner().to_owned(),
    }
}
