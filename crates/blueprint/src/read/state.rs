//! One state.

use super::Reading;
use super::step::ACTIONS;
use crate::model::{Action, Document, State};
use crate::yaml::Node;

impl Reading<'_, '_> {
    pub(super) fn state(&mut self, key: &Node, node: &Node) -> Option<State> {
        let name = self.name(key, "a state");
        let what = format!("state '{}'", key.text().unwrap_or(""));
        let mut known = vec!["description", "load", "set", "put", "output"];
        known.extend(ACTIONS);
        let fields = self.fields(node, &what, &known)?;
        self.documents.clear();
        let load = match fields.get("load") {
            Some(node) => self.load(node),
            None => Vec::new(),
        };
        let step = self.step(fields, &what)?;
        if matches!(step.action, Action::End(_)) {
            for key in ["load", "set", "put"] {
                if let Some((key, _)) = fields.entry(key) {
                    let text = key.text().unwrap_or("");
                    self.hint(
                        key.span,
                        format!("an end state has no '{text}'"),
                        "nothing runs there: do it in the state before, or use `finish`",
                    );
                }
            }
        } else if let Some((key, _)) = fields.entry("output") {
            self.hint(
                key.span,
                "only an end state has an 'output'",
                "use `finish: {result: …}` to end here",
            );
        }
        Some(State {
            name: name?,
            span: key.span,
            description: fields
                .get("description")
                .and_then(|node| self.string(node, "a description")),
            load,
            step,
        })
    }

    fn load(&mut self, node: &Node) -> Vec<Document> {
        let Some(fields) = self.mapping(node, "'load'") else {
            return Vec::new();
        };
        let mut documents = Vec::new();
        for (key, value) in fields.entries() {
            let name = key.text().unwrap_or("").to_owned();
            if !super::file::is_free_variable(&name) {
                self.hint(
                    key.span,
                    format!("'{name}' is no name for a document"),
                    "it is used as `documents.NAME`: a letter, then letters, digits and '_'",
                );
                continue;
            }
            let what = format!("document '{name}'");
            let Some(fields) = self.fields(value, &what, &["store", "key"]) else {
                continue;
            };
            let store = self.need(fields, "store", &what);
            let key = self.need(fields, "key", &what);
            if let (Some(store), Some(key)) = (store, key) {
                documents.push(Document {
                    store: self.template(store),
                    key: self.template(key),
                    name,
                });
            }
        }
        // Only now: the keys of documents can't depend on documents.
        self.documents = documents
            .iter()
            .map(|document| document.name.clone())
            .collect();
        documents
    }
}
