//! What workers call.

mod event;
mod heartbeat;
mod next_task;
mod register;
mod result;

pub(crate) use event::event;
pub(crate) use heartbeat::heartbeat;
pub(crate) use next_task::next_task;
pub(crate) use register::register;
pub(crate) use result::result;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use serde_json::{Map, Value};

use crate::http::{ApiError, json};

/// The longest worker name, bytes.
const NAME_MAX_BYTES: usize = 128;

/// Reads a body that must be a JSON object.
fn object(body: Result<Bytes, BytesRejection>) -> Result<Map<String, Value>, ApiError> {
    match json(body)? {
        Value::Object(map) => Ok(map),
        _ => Err(ApiError::bad_request("INVALID_JSON", "Invalid JSON body")),
    }
}

/// Reads the worker a body speaks for.
fn worker_in(body: &Map<String, Value>) -> Result<&str, ApiError> {
    match body.get("worker_id").and_then(Value::as_str) {
        Some(id) => check_name(id).map(|()| id),
        None => Err(ApiError::bad_request(
            "MISSING_FIELD",
            "Missing required field: worker_id",
        )),
    }
}

fn check_name(id: &str) -> Result<(), ApiError> {
    if id.is_empty() || id.len() > NAME_MAX_BYTES || id.chars().any(char::is_control) {
        return Err(ApiError::bad_request(
            "INVALID_WORKER_ID",
            format!("a worker_id is 1 to {NAME_MAX_BYTES} bytes without control characters"),
        ));
    }
    Ok(())
}

/// Reads a message from a body whose sender has been checked.
fn message<T: serde::de::DeserializeOwned>(body: Map<String, Value>) -> Result<T, ApiError> {
    serde_json::from_value(Value::Object(body)).map_err(|error| {
        ApiError::bad_request("INVALID_MESSAGE", format!("Invalid message: {error}"))
    })
}
