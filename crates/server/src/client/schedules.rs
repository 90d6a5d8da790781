//! `/schedules`: what is posted by the clock, and by hand. A client sees and touches the
//! schedules whose jobs are its own; one with the role `admin` all.

use avtomatika_protocol::job::Accepted;
use avtomatika_scheduler::Handle;
use avtomatika_scheduler::port::PortError;
use avtomatika_scheduler::service::{Error, View};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::submit::key;
use crate::access::Party;
use crate::http::{ApiError, Path};
use crate::server::AppState;

/// `GET /schedules`: all of them. Admins see what is wrong with the file, too.
pub(crate) async fn list_schedules(
    State(state): State<AppState>,
    party: Party,
) -> Result<Json<Value>, ApiError> {
    let Some(schedules) = &state.schedules else {
        return Ok(Json(json!({ "schedules": [] })));
    };
    let scope = party.reach();
    let mut answer = json!({ "schedules": schedules.list(scope).await? });
    if scope.is_none() {
        answer["file"] = json!(schedules.file());
    }
    Ok(Json(answer))
}

/// `GET /schedules/{name}`: one of them.
pub(crate) async fn get_schedule(
    State(state): State<AppState>,
    party: Party,
    Path(name): Path<String>,
) -> Result<Json<View>, ApiError> {
    let schedules = schedules(&state, &name)?;
    Ok(Json(schedules.get(party.reach(), &name).await?))
}

/// `POST /schedules/{name}/run`: posts its job now.
pub(crate) async fn run_schedule(
    State(state): State<AppState>,
    party: Party,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    let key = key(&headers)?;
    let schedules = schedules(&state, &name)?;
    let job_id = schedules.run(party.reach(), &name, key.as_deref()).await?;
    let accepted = Accepted {
        status: "accepted".to_owned(),
        job_id,
    };
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

/// `POST /schedules/{name}/pause`: has it run no more.
pub(crate) async fn pause_schedule(
    State(state): State<AppState>,
    party: Party,
    Path(name): Path<String>,
) -> Result<Json<View>, ApiError> {
    let by = party.account.client.id.as_str();
    let schedules = schedules(&state, &name)?;
    Ok(Json(schedules.pause(party.reach(), &name, by).await?))
}

/// `POST /schedules/{name}/resume`: has it run again, from now on.
pub(crate) async fn resume_schedule(
    State(state): State<AppState>,
    party: Party,
    Path(name): Path<String>,
) -> Result<Json<View>, ApiError> {
    let schedules = schedules(&state, &name)?;
    Ok(Json(schedules.resume(party.reach(), &name).await?))
}

fn schedules<'a>(state: &'a AppState, name: &str) -> Result<&'a Handle, ApiError> {
    let schedules = state.schedules.as_ref();
    schedules.ok_or_else(|| Error::NotFound(name.to_owned()).into())
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Self::not_found("SCHEDULE_NOT_FOUND", error.to_string())
                .hint("GET /api/schedules names those there are for you"),
            Error::Port(PortError::Engine(error)) => error.into(),
            Error::Port(PortError::Conflict) => {
                Self::new(StatusCode::CONFLICT, "CONFLICT", error.to_string()).retry_after_s(1)
            }
            Error::Port(PortError::Refused(reason)) => {
                Self::new(StatusCode::CONFLICT, "SCHEDULE_REFUSED", reason)
                    .hint("the operator has to mend the schedule or its client")
            }
        }
    }
}
