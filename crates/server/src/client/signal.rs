//! `POST /jobs/{job_id}/events`: tells a job that something has happened.

use avtomatika_engine::machine::{Job, Wait};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{bounded, job_id};
use crate::access::Caller;
use crate::http::{ApiError, Path, json as read_json};
use crate::server::AppState;

/// Characters of an event's name.
const NAME_CHARS_MAX: usize = 128;
/// Bytes of what it says: it may be kept for later, with others.
const PAYLOAD_BYTES_MAX: usize = 64 << 10;

/// The body.
#[derive(Deserialize)]
struct Event {
    name: String,
    #[serde(default)]
    payload: Value,
}

pub(crate) async fn signal(
    State(state): State<AppState>,
    Caller(client): Caller,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, ApiError> {
    let event: Event = read_json(body)?;
    let name = bounded("name", &event.name, NAME_CHARS_MAX)?;
    if name.is_empty() {
        return Err(ApiError::bad_request(
            "MISSING_FIELD",
            "name is required in body",
        ));
    }
    if event.payload.to_string().len() > PAYLOAD_BYTES_MAX {
        let text = format!("payload is longer than {PAYLOAD_BYTES_MAX} bytes");
        return Err(ApiError::bad_request("INVALID_MESSAGE", text));
    }
    let id = job_id(&id)?;
    let engine = &state.engine;
    let job = engine.signal(&client.id, id, &name, event.payload).await?;
    let mut answer = json!({ "status": "event_received", "job_id": id });
    if job.mailbox.iter().any(|kept| kept.name == name) {
        answer["kept"] = json!(true);
        answer["hint"] = json!(hint(&job));
    }
    Ok(Json(answer))
}

/// What becomes of an event nobody waits for yet.
fn hint(job: &Job) -> String {
    let until = "the event is kept until the job waits for it";
    match job.wait.as_deref() {
        Some(Wait::Signal(wait)) => {
            format!("{until}; it waits for '{}' now", wait.name)
        }
        _ => format!("{until}; it waits for no event now"),
    }
}
