//! Plain text under construction, with the entities that are open in it.

use serde_json::{Map, Value, json};

use super::Formatted;

/// Collects plain text and closes entities in the right places.
#[derive(Debug, Default)]
pub(super) struct Builder {
    plain: String,
    units: usize,
    open: Vec<Open>,
    entities: Vec<Value>,
}

/// An entity whose end has not come yet.
#[derive(Debug)]
pub(super) struct Open {
    /// What must come to close it: a tag, or a mark.
    pub(super) mark: String,
    kind: Option<&'static str>,
    extra: Map<String, Value>,
    offset: usize,
}

impl Builder {
    pub(super) fn push(&mut self, character: char) {
        self.plain.push(character);
        self.units += character.len_utf16();
    }

    /// Opens an entity; without a kind, the mark is matched but leaves no entity.
    pub(super) fn open(
        &mut self,
        mark: &str,
        kind: Option<&'static str>,
        extra: Map<String, Value>,
    ) {
        self.open.push(Open {
            mark: mark.to_owned(),
            kind,
            extra,
            offset: self.units,
        });
    }

    /// The innermost open entity.
    pub(super) fn innermost(&self) -> Option<&Open> {
        self.open.last()
    }

    /// Whether an entity with this mark is open.
    pub(super) fn is_open(&self, mark: &str) -> bool {
        self.open.iter().any(|open| open.mark == mark)
    }

    /// Adds a field to the innermost open entity.
    pub(super) fn extend(&mut self, name: &str, value: &str) {
        if let Some(open) = self.open.last_mut() {
            open.extra.insert(name.to_owned(), json!(value));
        }
    }

    /// Closes the innermost open entity. Empty ones are left out.
    pub(super) fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let Some(kind) = open.kind else { return };
        if open.offset == self.units {
            return;
        }
        let mut entity = open.extra;
        entity.insert("type".to_owned(), json!(kind));
        entity.insert("offset".to_owned(), json!(open.offset));
        entity.insert("length".to_owned(), json!(self.units - open.offset));
        self.entities.push(Value::Object(entity));
    }

    pub(super) fn finish(self) -> Formatted {
        (self.plain, self.entities)
    }
}
