//! A state of a file as a handler of the engine.

use std::sync::Arc;

use avtomatika_engine::blueprint::Dispatch;
use avtomatika_engine::{Action, Context, HandlerError};
use avtomatika_protocol::Failure;
use serde_json::{Map, Value};

use super::scope::scope;
use crate::expression::Scope;
use crate::model::{self, State, Step};
use crate::source::Position;
use crate::template::{RenderError, Template};

/// A state of a file.
pub(super) struct StateHandler {
    pub(super) file: Arc<str>,
    pub(super) state: Arc<State>,
}

impl StateHandler {
    pub(super) fn run(&self, context: &Context<'_>) -> Result<Action, HandlerError> {
        let documents = Map::new();
        let mut data = context.data.clone();
        let mut changed = Map::new();
        let action = self
            .step(
                &self.state.step,
                context,
                &documents,
                &mut data,
                &mut changed,
            )
            .map_err(|error| HandlerError(format!("{}:{error}", self.file)))?;
        Ok(Action {
            data: changed,
            ..action
        })
    }

    fn step(
        &self,
        step: &Step,
        context: &Context<'_>,
        documents: &Map<String, Value>,
        data: &mut Map<String, Value>,
        changed: &mut Map<String, Value>,
    ) -> Result<Action, RenderError> {
        for (key, template) in &step.set {
            let value = template.render(&scope(context, data, documents))?;
            data.insert(key.clone(), value.clone());
            changed.insert(key.clone(), value);
        }
        if let model::Action::When { cases, otherwise } = &step.action {
            let mut chosen = otherwise.as_ref();
            for case in cases {
                if case.condition.holds(&scope(context, data, documents))? {
                    chosen = &case.step;
                    break;
                }
            }
            return self.step(chosen, context, documents, data, changed);
        }
        act(&step.action, &scope(context, data, documents))
    }
}

fn act(action: &model::Action, scope: &Scope<'_>) -> Result<Action, RenderError> {
    Ok(match action {
        model::Action::Goto(target) => Action::transition(&target.state),
        model::Action::Dispatch(dispatch) => Action::dispatch(task(dispatch, scope)?),
        model::Action::Fail {
            code,
            message,
            target,
        } => Action::fail(&target.state, Failure::new(code, text(message, scope)?)),
        other => {
            return Err(RenderError {
                position: Position { line: 1, column: 1 },
                reason: "the engine does not run this action yet".to_owned(),
                expression: other.keyword().to_owned(),
            });
        }
    })
}

fn task(dispatch: &model::Dispatch, scope: &Scope<'_>) -> Result<Dispatch, RenderError> {
    let mut task = Dispatch::new(text(&dispatch.task, scope)?);
    if let Value::Object(params) = dispatch.params.render(scope)? {
        task.params = params;
    }
    task.transitions = dispatch.on.to_map();
    Ok(task)
}

fn text(template: &Template, scope: &Scope<'_>) -> Result<String, RenderError> {
    Ok(match template.render(scope)? {
        Value::String(text) => text,
        other => other.to_string(),
    })
}
