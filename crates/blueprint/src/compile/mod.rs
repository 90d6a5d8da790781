//! From the model to the engine's blueprint.

mod act;
mod facts;
mod handler;
mod resolve;
mod value;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use avtomatika_engine::blueprint::{BuildError, Builder};
use avtomatika_engine::{Blueprint, EndAs};
use avtomatika_protocol::Failure;

use crate::model::{Action, Parsed, Schema};
use handler::StateHandler;
pub use resolve::Files;

/// Violations of a schema told of one value.
const VIOLATIONS_MAX: usize = 5;
/// The code of an input that is not what the blueprint's schema wants.
const INVALID_INPUT: &str = "INVALID_INPUT_ERROR";
/// The code of a result that is not what the blueprint's schema promises.
const INVALID_OUTPUT: &str = "INVALID_OUTPUT";

/// Translates a checked file to a blueprint of the engine.
///
/// # Errors
/// What the engine has against it, which the checks of the file rule out.
pub fn compile(parsed: &Parsed) -> Result<Blueprint, BuildError> {
    let mut builder = Blueprint::builder(&parsed.name)
        .version(&parsed.version)
        .source(Arc::clone(&parsed.source.text));
    if let Some(endpoint) = &parsed.endpoint {
        builder = match &endpoint.version {
            Some(version) => builder.versioned_endpoint(version, &endpoint.path),
            None => builder.endpoint(&endpoint.path),
        };
    }
    for secret in &parsed.secrets {
        builder = builder.secret(secret);
    }
    if let Some(most) = parsed.max_transitions {
        builder = builder.transitions_max(most);
    }
    builder = schemas(builder, parsed);
    // Failures show it to the job's client, whom the server's folders don't concern.
    let file = Path::new(&parsed.source.name).file_name();
    let file = file.map_or(Cow::Borrowed(""), OsStr::to_string_lossy);
    let file: Arc<str> = Arc::from(&*file);
    for state in &parsed.states {
        let handler = || Arc::new(StateHandler::new(Arc::clone(&file), state.clone()));
        builder = match &state.step.action {
            Action::End(end) if end.output.is_some() => {
                builder.end_with(&state.name, end.how, handler())
            }
            Action::End(end) => builder.end(&state.name, end.how),
            _ => builder.handler(&state.name, state.name == parsed.start, handler()),
        };
    }
    let mut edges = Vec::new();
    for state in &parsed.states {
        state.step.action.each_target(&mut |label, target| {
            edges.push((state.name.as_str(), label.to_owned(), target.state.clone()));
        });
    }
    for (from, label, to) in &edges {
        builder = builder.edge(from, label, to);
    }
    if !parsed
        .states
        .iter()
        .any(|state| matches!(state.step.action, Action::End(_)))
    {
        builder = builder.end(spare_name(parsed), EndAs::Completed);
    }
    builder.build()
}

/// A name for the end state the engine wants of a blueprint whose jobs all end by `finish`.
fn spare_name(parsed: &Parsed) -> &'static str {
    let names = ["completed", "finished", "ended", "end"];
    let free = names.into_iter().find(|name| parsed.state(name).is_none());
    free.unwrap_or("the end")
}

fn schemas(mut builder: Builder, parsed: &Parsed) -> Builder {
    if let Some(schema) = parsed.input.clone() {
        builder = builder.input_schema(schema.value.clone());
        builder = builder.check_input(move |_, input| match violation(&schema, &input) {
            None => Ok(input),
            Some(reason) => Err(Failure::new(INVALID_INPUT, reason)),
        });
    }
    if let Some(schema) = parsed.output.clone() {
        builder = builder.output_schema(schema.value.clone());
        builder = builder.check_output(move |output| match violation(&schema, output) {
            None => Ok(()),
            Some(reason) => Err(Failure::new(INVALID_OUTPUT, reason)),
        });
    }
    builder
}

/// What a schema has against a value. Values are not shown: they may be secret.
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
