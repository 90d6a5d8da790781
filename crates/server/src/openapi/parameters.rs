//! Parameters of paths, queries and headers, and what they may look like.

use avtomatika_protocol::JobStatus;
use serde_json::{Value, json};

/// A parameter of the query or a header: its name, its kind, and what it does.
pub(super) type Parameter = (&'static str, Kind, &'static str);

/// What a parameter may look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Flag,
    /// A whole number from 0; bounds are ours to apply.
    Count,
    /// A whole number in these bounds.
    Within(u64, u64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// How long to wait.
    Wait,
    /// A point in time.
    Time,
    /// Labels of a new job, `key:value`.
    Labels,
    /// Labels looked for, `key:value`.
    SomeLabels,
    /// Statuses of jobs.
    Statuses,
    /// The key of an idempotent request.
    Key,
    /// An address.
    Address,
}

/// Parameters of a path, which all must be there.
pub(super) fn of_path(path: &str) -> impl Iterator<Item = Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{'));
    names.map(|name| {
        let name = name.trim_end_matches('}');
        let schema = match name {
            "job_id" => json!({"type": "string", "format": "uuid"}),
            _ => json!({"type": "string", "minLength": 1}),
        };
        json!({"name": name, "in": "path", "required": true, "schema": schema})
    })
}

/// A parameter that may be left out.
pub(super) fn written(place: &str, (name, kind, text): &Parameter) -> Value {
    json!({"name": name, "in": place, "description": text, "schema": kind.schema()})
}

impl Kind {
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({"type": "string"}),
            Self::Flag => json!({"type": "boolean"}),
            Self::Count => Self::Within(0, u64::MAX).schema(),
            Self::Within(least, most) => {
                json!({"type": "integer", "minimum": least, "maximum": most})
            }
            Self::Word(words) => json!({"type": "string", "enum": words}),
            Self::Wait => json!({
                "type": "string",
                "pattern": r"^[0-9]{1,15}(\.[0-9]{1,9})?(ms|s)?$",
                "examples": ["30s", "500ms"],
            }),
            Self::Time => json!({"anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "string", "pattern": "^[0-9]{1,19}$"},
            ]}),
            Self::Labels => json!({
                "type": "array",
                "maxItems": 16,
                "items": {"type": "string", "pattern": r"^[^:]{1,128}:[\s\S]{1,128}$"},
            }),
            Self::SomeLabels => json!({
                "type": "array",
                "maxItems": 32,
                "items": {"type": "string", "pattern": r"^[^:]*:[\s\S]*$"},
            }),
            Self::Statuses => {
                let all: Vec<_> = JobStatus::ALL.iter().map(|one| one.as_str()).collect();
                json!({"type": "array", "items": {"type": "string", "enum": all}})
            }
            Self::Key => json!({
                "type": "string",
                "minLength": 1,
                "maxLength": 255,
                "pattern": "^[!-~]([ -~]*[!-~])?$",
            }),
            Self::Address => json!({"type": "string", "format": "uri", "pattern": "^https?://"}),
        }
    }
}
