//! What workers call.

mod event;
mod heartbeat;
mod next_task;
mod register;
mod result;
mod results;
mod said;
mod socket;

pub(crate) use event::event;
pub(crate) use heartbeat::heartbeat;
pub(crate) use next_task::next_task;
pub(crate) use register::register;
pub(crate) use result::result;
pub(crate) use results::results;
pub(crate) use socket::socket;

use avtomatika_engine::service::INTERNAL_WORKERS;
use avtomatika_protocol::WorkerId;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use serde_json::{Map, Value};

use crate::access::{Access, Credential};
use crate::http::{ApiError, json};

/// The longest worker name, bytes.
const NAME_MAX_BYTES: usize = 128;

/// Reads a body that names the worker it speaks for and checks that worker's token, in the seed
/// era's order: is there a token, is the body an object, whose is the token. `None` in place of
/// the worker: the common token without a name.
fn speaker(
    access: &Access,
    credential: &Credential,
    body: Result<Bytes, BytesRejection>,
) -> Result<(Map<String, Value>, Option<WorkerId>), ApiError> {
    access.shown(credential)?;
    let Value::Object(body) = json(body)? else {
        return Err(ApiError::bad_request("INVALID_JSON", "Invalid JSON body"));
    };
    let named = body.get("worker_id").and_then(Value::as_str);
    let Some(id) = named.filter(|id| !id.is_empty()) else {
        access.nameless(credential)?;
        return Ok((body, None));
    };
    access.admit(credential, id)?;
    check_name(id)?;
    let id = id.into();
    Ok((body, Some(id)))
}

fn missing_worker_id() -> ApiError {
    ApiError::bad_request("MISSING_FIELD", "Missing required field: worker_id")
}

fn check_name(id: &str) -> Result<(), ApiError> {
    check_outside(id)?;
    if id.len() > NAME_MAX_BYTES || id.chars().any(char::is_control) {
        return Err(ApiError::bad_request(
            "INVALID_WORKER_ID",
            format!("a worker_id is 1 to {NAME_MAX_BYTES} bytes without control characters"),
        ));
    }
    Ok(())
}

/// Checks that task types are none of the server's own.
fn check_types<'a>(types: impl IntoIterator<Item = &'a str>) -> Result<(), ApiError> {
    let mut types = types.into_iter();
    let Some(reserved) = types.find(|name| name.starts_with(INTERNAL_WORKERS)) else {
        return Ok(());
    };
    let text = format!("the task type '{reserved}' is the server's own");
    Err(ApiError::bad_request("RESERVED_TASK_TYPE", text).hint("name it otherwise"))
}

/// Checks that a path names no worker inside the server.
fn check_outside(id: &str) -> Result<(), ApiError> {
    if !id.starts_with(INTERNAL_WORKERS) {
        return Ok(());
    }
    let text =
        format!("names of workers that begin with '{INTERNAL_WORKERS}' are the server's own");
    Err(ApiError::bad_request("INVALID_WORKER_ID", text))
}

/// Reads a message from a body whose sender has been checked.
fn message<T: serde::de::DeserializeOwned>(body: Map<String, Value>) -> Result<T, ApiError> {
    serde_json::from_value(Value::Object(body)).map_err(|error| {
        ApiError::bad_request("INVALID_MESSAGE", format!("Invalid message: {error}"))
    })
}
