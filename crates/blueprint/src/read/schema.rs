//! The JSON Schemas of inputs and results.

use std::sync::Arc;

use super::Reading;
use crate::model::Schema;
use crate::nearest;
use crate::source::Span;
use crate::yaml::{Kind, Node};

/// The types a schema can name.
const TYPES: [&str; 7] = [
    "array", "boolean", "integer", "null", "number", "object", "string",
];

impl Reading<'_, '_> {
    /// A JSON Schema. References to other documents are not followed.
    pub(super) fn schema(&mut self, node: &Node, what: &str) -> Option<Schema> {
        self.mapping(node, what)?;
        let value = node.to_json();
        if let Ok(meta) = jsonschema::meta::validator_for(&value) {
            let mut sound = true;
            for error in meta.iter_errors(&value) {
                sound = false;
                let span = find(node, &error.instance_path().to_string());
                let pointer = error.instance_path().to_string();
                let (why, hint) =
                    if pointer.ends_with("/type") && !pointer.ends_with("/properties/type") {
                        let written = error.instance();
                        (format!("{written} is no type"), Some(types(written)))
                    } else {
                        (brief(&error), None)
                    };
                let reason = format!("{what} is not a JSON Schema: {why}");
                self.notes.push(span, reason, hint);
            }
            if !sound {
                return None;
            }
        }
        // Whoever writes `format` means it: nothing later in the flow would look again.
        let options = jsonschema::options().should_validate_formats(true);
        match options.build(&value) {
            Ok(validator) => Some(Schema {
                value,
                validator: Arc::new(validator),
            }),
            Err(error) => {
                let span = find(node, &error.instance_path().to_string());
                self.add(
                    span,
                    format!("{what} is not a JSON Schema: {}", brief(&error)),
                );
                None
            }
        }
    }
}

/// What may be said of a type that is none.
fn types(written: &serde_json::Value) -> String {
    let near = written
        .as_str()
        .and_then(|word| nearest::nearest(word, TYPES));
    match near {
        Some(near) => format!("did you mean '{near}'? The types are {}", TYPES.join(", ")),
        None => format!("the types are {}", TYPES.join(", ")),
    }
}

/// An error without the whole of what it is about.
fn brief(error: &jsonschema::ValidationError<'_>) -> String {
    error.masked_with("this").to_string()
}

/// Where what a JSON pointer names was written.
fn find(node: &Node, pointer: &str) -> Span {
    let mut node = node;
    let mut span = None;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let next = match &node.kind {
            Kind::Map(entries) => entries
                .iter()
                .find(|(key, _)| key.text() == Some(&step))
                .map(|(_, value)| value),
            Kind::List(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => None,
        };
        let Some(next) = next else {
            break;
        };
        node = next;
        span = Some(next.span);
    }
    span.unwrap_or(node.span)
}
