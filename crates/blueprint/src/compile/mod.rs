//! From the model to the engine's blueprint.

mod handler;
mod scope;

use std::sync::Arc;

use avtomatika_engine::Blueprint;
use avtomatika_engine::blueprint::BuildError;
use avtomatika_protocol::Failure;

use crate::model::{Action, Parsed, Schema};

/// Translates a checked file to a blueprint of the engine.
///
/// # Errors
/// What the engine has against it, which the checks of the file rule out.
pub fn compile(parsed: &Parsed) -> Result<Blueprint, BuildError> {
    let mut builder = Blueprint::builder(&parsed.name);
    if let Some(endpoint) = &parsed.endpoint {
        builder = match &endpoint.version {
            Some(version) => builder.versioned_endpoint(version, &endpoint.path),
            None => builder.endpoint(&endpoint.path),
        };
    }
    for secret in &parsed.secrets {
        builder = builder.secret(secret);
    }
    if let Some(schema) = parsed.input.clone() {
        builder = builder.check_input(move |_, input| match violation(&schema, &input) {
            None => Ok(input),
            Some(reason) => Err(Failure::new("INVALID_INPUT_ERROR", reason)),
        });
    }
    for state in &parsed.states {
        builder = match &state.step.action {
            Action::End(end) => builder.end(&state.name, end.how),
            _ => {
                let handler = handler::StateHandler {
                    file: Arc::from(parsed.source.name.as_str()),
                    state: Arc::new(state.clone()),
                };
                let run = move |context: &avtomatika_engine::Context<'_>| handler.run(context);
                if state.name == parsed.start {
                    builder.start(&state.name, run)
                } else {
                    builder.state(&state.name, run)
                }
            }
        };
    }
    builder.build()
}

/// Violations told of one value.
const VIOLATIONS_MAX: usize = 5;

/// What a schema has against a value.
fn violation(schema: &Schema, value: &serde_json::Value) -> Option<String> {
    let errors = schema.validator.iter_errors(value).take(VIOLATIONS_MAX);
    let reasons: Vec<String> = errors
        .map(|error| {
            let path = error.instance_path().to_string();
            let masked = error.masked();
            if path.is_empty() {
                masked.to_string()
            } else {
                format!("{path}: {masked}")
            }
        })
        .collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}
