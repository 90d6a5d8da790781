//! `POST /_worker/tasks/result`.

use avtomatika_engine::service::Reported;
use avtomatika_protocol::worker::{ResultAnswer, ResultMessage};
use avtomatika_protocol::{JobId, TaskId};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::{message, speaker};
use crate::access::Credential;
use crate::http::{ApiError, Delivery, LastHanded};
use crate::server::AppState;

pub(crate) async fn result(
    State(state): State<AppState>,
    Extension(connection): Extension<LastHanded>,
    credential: Credential,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let (mut body, speaker) = speaker(&state.access, &credential, body)?;
    if speaker.is_none() {
        // The first generation's words; its status, 500, says it were our fault.
        let text = "Could not identify authenticated worker.";
        return Err(ApiError::bad_request("MISSING_FIELD", text).hint("send worker_id in the body"));
    }
    check_ids(&mut body)?;
    let message: ResultMessage = message(body)?;
    let with_lease = message.lease.is_some();
    let mut reported = state.engine.report(message).await?;
    let next = reported.next.take();
    let handed = next.as_ref().map(|next| state.handed([next]));
    let answer = ResultAnswer {
        next_task: next.map(|next| next.message),
        ..taken(&reported, with_lease)
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
    Ok(match handed {
        Some(handed) => {
            let body = Delivery::body(Bytes::from(bytes), handed, connection);
            (kind, body).into_response()
        }
        None => (kind, bytes).into_response(),
    })
}

/// What a worker is told of its result.
pub(super) fn taken(reported: &Reported, with_lease: bool) -> ResultAnswer {
    let accepted = match reported.status.as_str() {
        _ if reported.of_branch => "parallel_branch_result_accepted",
        "failure" => "result_accepted_failure",
        "cancelled" => "result_accepted_cancelled",
        _ => "result_accepted_success",
    };
    // The seed era knows no answer but "accepted"; anything else would make it send again.
    let (status, reason) = match reported.ignored {
        Some(reason) if with_lease => ("ignored", Some(reason.as_str().to_owned())),
        _ => (accepted, None),
    };
    ResultAnswer {
        status: status.to_owned(),
        reason,
        next_task: None,
    }
}

/// Checks the ids of a result. One that isn't of our kind is no id of ours: such a job is not
/// there, such a task is not the job's.
pub(super) fn check_ids(body: &mut Map<String, Value>) -> Result<(), ApiError> {
    let given = |key: &str| {
        let id = body.get(key).and_then(Value::as_str);
        id.filter(|id| !id.is_empty())
    };
    let (Some(job), Some(task)) = (given("job_id"), given("task_id")) else {
        return Err(ApiError::bad_request(
            "MISSING_FIELD",
            "job_id and task_id are required",
        ));
    };
    if job.parse::<JobId>().is_err() {
        return Err(ApiError::not_found("JOB_NOT_FOUND", "Job not found"));
    }
    if task.parse::<TaskId>().is_err() {
        let none = uuid::Uuid::nil().to_string();
        body.insert("task_id".to_owned(), none.into());
    }
    Ok(())
}
