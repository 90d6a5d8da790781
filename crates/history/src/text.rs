//! What texts must be to fit into either database.
//!
//! PostgreSQL stores no NUL, neither in text nor as an escape in JSON, and indexes no key longer
//! than a third of a page. An event with either would block all behind it for ever, so both are
//! taken away here, alike for both databases.

use std::borrow::Cow;

use avtomatika_protocol::Failure;
use serde_json::{Value, json};

/// Bytes of a name: of clients, blueprints, states, workers, label keys.
pub(crate) const NAME_MAX_BYTES: usize = 256;
/// Bytes of a label's value.
pub(crate) const LABEL_MAX_BYTES: usize = 1_024;
/// Bytes of a failure's message.
const MESSAGE_MAX_BYTES: usize = 8 << 10;
/// Bytes of an event's details, and of a failure, as JSON.
const JSON_MAX_BYTES: usize = 64 << 10;

/// The text without NULs and not longer than that many bytes.
pub(crate) fn fit(text: &str, max_bytes: usize) -> Cow<'_, str> {
    let text = clip(text, max_bytes);
    if text.contains('\0') {
        // The replacement is longer than what it replaces.
        let cleaned = text.replace('\0', "\u{fffd}");
        Cow::Owned(clip(&cleaned, max_bytes).to_owned())
    } else {
        Cow::Borrowed(text)
    }
}

/// A name that fits.
pub(crate) fn name(text: &str) -> Cow<'_, str> {
    fit(text, NAME_MAX_BYTES)
}

/// Details as JSON text, or what is left of them when there are too many.
pub(crate) fn details(value: &Value) -> String {
    let text = json_text(value);
    if text.len() <= JSON_MAX_BYTES {
        return text;
    }
    json!({ "truncated_bytes": text.len() }).to_string()
}

/// A failure as JSON text; a long one loses its details first.
pub(crate) fn failure(failure: &Failure) -> String {
    let mut kept = failure.clone();
    if kept.message.len() > MESSAGE_MAX_BYTES {
        kept.message = clip(&kept.message, MESSAGE_MAX_BYTES).to_owned();
    }
    let text = json_text(&kept);
    if text.len() <= JSON_MAX_BYTES {
        return text;
    }
    let short = |text: String| clip(&text, MESSAGE_MAX_BYTES).to_owned();
    json_text(&Failure {
        code: kept.code.map(short),
        message: kept.message,
        hint: kept.hint.map(short),
        more: serde_json::Map::new(),
    })
}

fn json_text(value: &impl serde::Serialize) -> String {
    // Maps with text keys and plain values always serialise; an empty object is no lie about them.
    let text = serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned());
    if !text.contains("\\u0000") {
        return text;
    }
    match serde_json::from_str(&text) {
        Ok(mut tree) => {
            clean(&mut tree);
            tree.to_string()
        }
        Err(_) => "{}".to_owned(),
    }
}

fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.replace('\0', "\u{fffd}"),
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(map) => {
            if map.keys().any(|key| key.contains('\0')) {
                *map = std::mem::take(map)
                    .into_iter()
                    .map(|(key, inner)| (key.replace('\0', "\u{fffd}"), inner))
                    .collect();
            }
            map.values_mut().for_each(clean);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn clip(text: &str, max_bytes: usize) -> &str {
    if text.len() <= max_bytes {
        return text;
    }
    let end = (0..=max_bytes).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nuls_are_replaced_wherever_they_hide() {
        assert_eq!(fit("a\0b", 100), "a\u{fffd}b");
        let text = details(&json!({ "a\0": ["x\0", { "b": "\0" }], "n": 1 }));
        assert!(!text.contains("\\u0000"), "{text}");
        assert!(text.contains("\"n\":1"), "{text}");
        // A backslash before a harmless "u0000" is no escape.
        assert_eq!(details(&json!("\\u0000")), "\"\\\\u0000\"");
    }

    #[test]
    fn what_is_too_long_is_cut_but_stays_readable() {
        let long = "я".repeat(1_000_000);
        let cut = failure(&Failure::new("CODE", long.clone()).with("log", long.clone()));
        assert!(cut.len() <= JSON_MAX_BYTES, "{}", cut.len());
        let back: Failure = serde_json::from_str(&cut).unwrap();
        assert_eq!(back.code.as_deref(), Some("CODE"));
        assert!(back.message.starts_with("яя"));
        assert_eq!(details(&json!(long)), r#"{"truncated_bytes":2000002}"#);
    }

    proptest! {
        #[test]
        fn every_text_fits(text in "\\PC*|[\\x00-\\x05я]*", max in 0_usize..40) {
            let fitted = fit(&text, max);
            prop_assert!(fitted.len() <= max);
            prop_assert!(!fitted.contains('\0'));
        }
    }
}
