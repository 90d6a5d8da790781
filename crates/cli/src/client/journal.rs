//! What `--verbose` shows of requests and answers: their shape, without secrets and without files.

use serde_json::{Map, Value};

use crate::screen::clean_json;

const MASK: &str = "***";
/// Longer texts are replaced by their length.
const TEXT_CHARS_MAX: usize = 200;

/// A line for a request.
pub(super) fn request(method: &str, path: &str, body: Option<&Value>) -> String {
    match body {
        Some(body) => format!("> {method} /{path} {}", shown(body)),
        None => format!("> {method} /{path}"),
    }
}

/// A line for an answer.
pub(super) fn answer(status: u16, body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(body) => format!("< {status} {}", shown(&body)),
        Err(_) => format!("< {status} ({} bytes, not JSON)", body.len()),
    }
}

fn shown(value: &Value) -> String {
    clean_json(&masked(value, "")).unwrap_or_default()
}

/// The value without what is secret by its place: variables wholly, code and files by length.
fn masked(value: &Value, key: &str) -> Value {
    match value {
        Value::Object(map) => {
            let masked_map: Map<String, Value> = map
                .iter()
                .map(|(inner, value)| {
                    let secret = matches!(key, "env_vars" | "registry_auth");
                    let shown = if secret {
                        Value::from(MASK)
                    } else {
                        masked(value, inner)
                    };
                    (
                        inner.clone(),
                        if key == "files" { size(value) } else { shown },
                    )
                })
                .collect();
            Value::Object(masked_map)
        }
        Value::Array(items) => items.iter().map(|item| masked(item, key)).collect(),
        Value::String(_) if matches!(key, "env_vars" | "token") => Value::from(MASK),
        Value::String(text) if text.len() > TEXT_CHARS_MAX => size(value),
        other => other.clone(),
    }
}

fn size(value: &Value) -> Value {
    let text = value
        .as_str()
        .or_else(|| value.get("base64").and_then(Value::as_str));
    Value::from(format!("<{} bytes>", text.map_or(0, str::len)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_and_files_do_not_show() {
        let line = request(
            "POST",
            "api/jobs/bot_runner",
            Some(&json!({
                "action": "start", "env_vars": {"A": "hush", "B": {"c": "hush"}},
                "files": {"a.py": "print('hush')", "b.bin": {"base64": "AAAA"}},
                "initial_data": {"env_vars": "hush"},
            })),
        );
        assert!(!line.contains("hush"), "{line}");
        assert!(line.contains(r#""a.py":"<13 bytes>""#), "{line}");
        assert!(line.contains(r#""A":"***""#), "{line}");
    }
}
