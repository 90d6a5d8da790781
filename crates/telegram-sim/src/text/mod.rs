//! Message entities. Offsets and lengths are in UTF-16 units, as everywhere in the Bot API.

mod builder;
mod detect;
mod html;
mod markdown;

use serde_json::Value;

pub(crate) use detect::detect;

/// Plain text with its entities.
pub(crate) type Formatted = (String, Vec<Value>);

/// Length in UTF-16 units.
pub(crate) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Parses text by its `parse_mode`; the error is the text after `Bad Request: `.
pub(crate) fn parse(mode: &str, text: &str) -> Result<Formatted, String> {
    let parsed = match mode.to_ascii_lowercase().as_str() {
        "html" => html::parse(text),
        "markdown" => markdown::parse_first(text),
        "markdownv2" => markdown::parse_second(text),
        _ => return Err("unsupported parse_mode".to_owned()),
    };
    let (plain, mut entities) =
        parsed.map_err(|reason| format!("can't parse entities: {reason}"))?;
    // Links and commands are found in marked-up text too, where no markup covers them.
    let found = detect(&plain)
        .into_iter()
        .filter(|new| !entities.iter().any(|old| meets(old, new)));
    let found: Vec<Value> = found.collect();
    entities.extend(found);
    entities.sort_by_key(|entity| entity["offset"].as_u64());
    Ok((plain, entities))
}

fn meets(one: &Value, other: &Value) -> bool {
    let range = |entity: &Value| {
        let start = entity["offset"].as_u64().unwrap_or_default();
        start..start + entity["length"].as_u64().unwrap_or_default()
    };
    let (one, other) = (range(one), range(other));
    one.start < other.end && other.start < one.end
}
