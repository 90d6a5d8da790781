//! The endpoints of blueprints, as they are now.

use avtomatika_engine::{Blueprint, Engine};
use serde_json::{Map, Value, json};

use super::operation::{Who, answer, named, refusals, usual};
use super::parameters::{self, Kind, Parameter};
use crate::endpoints::path_of;

/// Refusals of a submit beside the usual ones. A blueprint may have codes of its own.
const CODES: [(u16, &str); 17] = [
    (400, "INVALID_JSON"),
    (400, "INVALID_WAIT"),
    (400, "INVALID_LABEL"),
    (400, "INVALID_WEBHOOK"),
    (400, "INVALID_IDEMPOTENCY_KEY"),
    (400, "RESERVED_KEY"),
    (403, "BLUEPRINT_NOT_ALLOWED"),
    (403, "FOREIGN_USER_ID"),
    (404, "BLUEPRINT_NOT_FOUND"),
    (409, "CONFLICT"),
    (413, "BODY_TOO_LARGE"),
    (415, "UNSUPPORTED_ENCODING"),
    (429, "TOO_MANY_JOBS"),
    (429, "MONTHLY_QUOTA"),
    (503, "OVERLOADED"),
    (503, "CONTENDED"),
    (507, "STORAGE_FULL"),
];

/// What may be said beside the body, and where.
const PARAMETERS: [(&str, Parameter); 5] = [
    (
        "query",
        (
            "wait",
            Kind::Wait,
            "wait so long for the end, like 30s; 60 s at most",
        ),
    ),
    (
        "query",
        (
            "label",
            Kind::Labels,
            "a label, as key:value; several times for several",
        ),
    ),
    (
        "header",
        (
            "Idempotency-Key",
            Kind::Key,
            "the same key gives the same job",
        ),
    ),
    (
        "header",
        (
            "X-Avtomatika-Webhook",
            Kind::Address,
            "where the job's end is posted",
        ),
    ),
    (
        "header",
        (
            "traceparent",
            Kind::Text,
            "the W3C trace the job belongs to",
        ),
    ),
];

/// Paths, and what posting there does.
pub(super) fn all(engine: &Engine) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for blueprint in engine.blueprints() {
        if let Some(endpoint) = &blueprint.endpoint {
            all.push((path_of(endpoint), written(&blueprint)));
        }
    }
    all
}

fn written(blueprint: &Blueprint) -> Value {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), answer(200, ""));
    responses.insert("202".to_owned(), answer(202, "Accepted"));
    responses["200"] = json!({
        "description": "with wait: the job, which has ended",
        "content": {"application/json": {"schema": ended(blueprint)}},
    });
    let mut codes = CODES.to_vec();
    if blueprint.input_schema.is_some() {
        codes.push((400, "INVALID_INPUT_ERROR"));
    }
    codes.extend(usual(Who::Client));
    refusals(&mut responses, &codes);
    let parameters: Vec<Value> = PARAMETERS
        .iter()
        .map(|(place, parameter)| parameters::written(place, parameter))
        .collect();
    json!({
        "tags": ["blueprints"],
        "summary": format!("Start a job of {}", blueprint.name),
        "operationId": format!("start_{}", blueprint.name),
        "security": [{"client": []}],
        "parameters": parameters,
        "requestBody": {
            "required": true,
            "content": {"application/json": {
                "schema": blueprint.input_schema.clone().unwrap_or_else(|| json!({})),
            }},
        },
        "responses": responses,
    })
}

/// A job of this blueprint. Its result is what the blueprint promises once it has completed.
fn ended(blueprint: &Blueprint) -> Value {
    let job = named("JobView");
    match &blueprint.output_schema {
        None => job,
        Some(result) => json!({
            "allOf": [job],
            "if": {"properties": {"status": {"const": "completed"}}, "required": ["result"]},
            "then": {"properties": {"result": result}},
        }),
    }
}
