//! The keys of a mapping.

use super::Reading;
use crate::nearest;
use crate::source::Span;
use crate::yaml::{Kind, Node};

/// A mapping whose keys are known.
#[derive(Clone, Copy)]
pub(super) struct Fields<'n> {
    pub(super) span: Span,
    entries: &'n [(Node, Node)],
}

impl<'n> Fields<'n> {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// A key and its value.
    pub(super) fn entry(&self, key: &str) -> Option<(&'n Node, &'n Node)> {
        let mut entries = self.entries.iter();
        let found = entries.find(|(name, _)| name.text() == Some(key));
        found.map(|(name, value)| (name, value))
    }

    /// Whether one of the keys seems to be one of these, misspelt; that is told already.
    pub(super) fn misspells(&self, meant: &[&str]) -> bool {
        let mut keys = self.entries.iter().filter_map(|(key, _)| key.text());
        keys.any(|key| {
            !meant.contains(&key) && nearest::nearest(key, meant.iter().copied()).is_some()
        })
    }

    /// All keys and values.
    pub(super) fn entries(&self) -> &'n [(Node, Node)] {
        self.entries
    }

    /// Where the first line of the mapping is.
    pub(super) fn head(&self) -> Span {
        self.entries.first().map_or(self.span, |(key, _)| key.span)
    }
}

impl Reading<'_, '_> {
    /// A mapping with only these keys.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&str],
    ) -> Option<Fields<'n>> {
        let fields = self.mapping(node, what)?;
        for (key, _) in fields.entries() {
            let name = key.text().unwrap_or("");
            if !known.contains(&name) {
                let hint = nearest::suggestion(name, known);
                self.notes
                    .push(key.span, format!("unknown key '{name}' in {what}"), hint);
            }
        }
        Some(fields)
    }

    /// A mapping with any keys.
    pub(super) fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> Option<Fields<'n>> {
        match &node.kind {
            Kind::Map(entries) => Some(Fields {
                span: node.span,
                entries,
            }),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::List(_) => {
                self.add(
                    node.span,
                    format!("{what} must be a mapping, not {}", node.what()),
                );
                None
            }
        }
    }

    /// The value of a key that must be there.
    pub(super) fn need<'n>(
        &mut self,
        fields: Fields<'n>,
        key: &str,
        what: &str,
    ) -> Option<&'n Node> {
        let found = fields.get(key);
        if found.is_none() && !fields.misspells(&[key]) {
            self.add(fields.head(), format!("{what} needs the key '{key}'"));
        }
        found
    }
}
