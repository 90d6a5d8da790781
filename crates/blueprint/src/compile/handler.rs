//! A state of a file as a handler of the engine.

use std::sync::Arc;

use avtomatika_engine::blueprint::{DocumentKey, DocumentWrite, Handler};
use avtomatika_engine::{Action, Context, HandlerError};
use serde_json::{Map, Value};

use super::act::act;
use super::facts::{Facts, Uses};
use super::value::{text, wrong};
use crate::model::{self, State, Step};
use crate::template::RenderError;

/// What the names of the engine's own stores begin with.
const RESERVED: &str = "avtomatika.";

/// A state of a file.
pub(super) struct StateHandler {
    /// What the file is called, for messages.
    file: Arc<str>,
    state: State,
    uses: Uses,
}

/// What one run of the handler works with.
struct Run<'r, 'c> {
    context: &'r Context<'c>,
    facts: Facts,
    /// The documents by the names this state has for them.
    documents: Map<String, Value>,
    /// The job's data, with what this run has set.
    data: Map<String, Value>,
    /// What this run has set.
    changed: Map<String, Value>,
    written: Vec<(String, Value)>,
}

impl StateHandler {
    pub(super) fn new(file: Arc<str>, state: State) -> Self {
        Self {
            file,
            uses: Uses::of(&state),
            state,
        }
    }

    /// The documents this state works with, by its names for them.
    fn keys(&self, run: &Run<'_, '_>) -> Result<Vec<(String, DocumentKey)>, RenderError> {
        let scope = run.facts.scope(run.context, &run.data, &run.documents);
        let documents = self.state.load.iter();
        documents
            .map(|document| {
                let store = text(&document.store, &scope)?;
                let key = text(&document.key, &scope)?;
                if store.starts_with(RESERVED) {
                    let reason = format!("the store '{store}' is the engine's own");
                    return Err(wrong(&document.store, reason));
                }
                Ok((document.name.clone(), DocumentKey::new(store, key)))
            })
            .collect()
    }

    fn decide(&self, context: &Context<'_>) -> Result<Action, RenderError> {
        let mut run = Run {
            context,
            facts: Facts::new(context, &self.uses),
            documents: Map::new(),
            data: context.data.clone(),
            changed: Map::new(),
            written: Vec::new(),
        };
        let keys = self.keys(&run)?;
        if keys
            .iter()
            .any(|(_, key)| !context.documents.is_loaded(key))
        {
            return Ok(Action::load(keys.into_iter().map(|(_, key)| key)));
        }
        for (name, key) in &keys {
            let value = context.documents.get(key).cloned().unwrap_or(Value::Null);
            run.documents.insert(name.clone(), value);
        }
        let mut action = run.step(&self.state.step)?;
        action.data = run.changed;
        for (name, value) in run.written {
            let key = keys.iter().find(|(known, _)| *known == name);
            action.documents.extend(key.map(|(_, key)| DocumentWrite {
                key: key.clone(),
                value: Some(value).filter(|value| !value.is_null()),
            }));
        }
        Ok(action)
    }
}

impl Handler for StateHandler {
    fn handle(&self, context: &Context<'_>) -> Result<Action, HandlerError> {
        self.decide(context)
            .map_err(|error| HandlerError(format!("{}:{error}", self.file)))
    }
}

impl Run<'_, '_> {
    fn step(&mut self, step: &Step) -> Result<Action, RenderError> {
        for (key, template) in &step.set {
            let value = template.render(&self.scope())?;
            self.data.insert(key.clone(), value.clone());
            self.changed.insert(key.clone(), value);
        }
        for (name, template) in &step.put {
            let value = template.render(&self.scope())?;
            self.documents.insert(name.clone(), value.clone());
            self.written.retain(|(known, _)| known != name);
            self.written.push((name.clone(), value));
        }
        if let model::Action::When { cases, otherwise } = &step.action {
            let mut chosen = otherwise.as_ref();
            for case in cases {
                if case.condition.holds(&self.scope())? {
                    chosen = &case.step;
                    break;
                }
            }
            return self.step(chosen);
        }
        act(&step.action, &self.scope(), self.context.now_ms)
    }

    fn scope(&self) -> crate::expression::Scope<'_> {
        self.facts.scope(self.context, &self.data, &self.documents)
    }
}
