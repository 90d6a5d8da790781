//! `POST /_worker/tasks/result`.

use avtomatika_protocol::worker::{ResultAnswer, ResultMessage};
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::{message, object, worker_in};
use crate::http::{ApiError, Delivery};
use crate::server::AppState;

pub(crate) async fn result(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = object(body)?;
    state.access.check_worker(&headers, worker_in(&body)?)?;
    let named = |key: &str| body.get(key).is_some_and(Value::is_string);
    if !named("job_id") || !named("task_id") {
        return Err(ApiError::bad_request(
            "MISSING_FIELD",
            "job_id and task_id are required",
        ));
    }
    // Ids that aren't ours name no job of ours.
    let ours = |key: &str| {
        body.get(key)
            .and_then(Value::as_str)
            .is_some_and(|id| uuid::Uuid::parse_str(id).is_ok())
    };
    if !ours("job_id") || !ours("task_id") {
        return Err(ApiError::not_found("JOB_NOT_FOUND", "Job not found"));
    }
    let message: ResultMessage = message(body)?;
    let with_lease = message.lease.is_some();
    let reported = state.engine.report(message).await?;
    let accepted = match reported.status.as_str() {
        "failure" => "result_accepted_failure",
        "cancelled" => "result_accepted_cancelled",
        _ => "result_accepted_success",
    };
    // The seed era knows no answer but "accepted"; anything else would make it send again.
    let (status, reason) = match reported.ignored {
        Some(reason) if with_lease => ("ignored", Some(reason.as_str().to_owned())),
        _ => (accepted, None),
    };
    let next = reported.next;
    let held = next.as_ref().map(|next| (next.task, next.lease));
    let answer = ResultAnswer {
        status: status.to_owned(),
        reason,
        next_task: next.map(|next| next.message),
    };
    let bytes = serde_json::to_vec(&answer).map_err(|error| {
        tracing::error!(%error, "failed to encode a task");
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ENCODING",
            "the answer can't be sent",
        )
    })?;
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok(match held {
        Some((task, lease)) => {
            let (engine, tasks) = (state.engine.clone(), state.tasks.clone());
            (
                kind,
                Delivery::new(Bytes::from(bytes), engine, tasks, task, lease),
            )
                .into_response()
        }
        None => (kind, bytes).into_response(),
    })
}
