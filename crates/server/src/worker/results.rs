//! `POST /_worker/tasks/results`: several results in one request, and tasks in its answer.

use avtomatika_engine::service::Reported;
use avtomatika_protocol::WorkerId;
use avtomatika_protocol::worker::{ResultMessage, ResultStanding, ResultsAnswer};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::next_task::TASKS_MAX;
use super::result::{check_ids, taken};
use super::{message, missing_worker_id, speaker};
use crate::access::Credential;
use crate::http::{ApiError, Delivery, LastHanded};
use crate::server::AppState;

pub(crate) async fn results(
    State(state): State<AppState>,
    Extension(connection): Extension<LastHanded>,
    credential: Credential,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let (mut body, speaker) = speaker(&state.access, &credential, body)?;
    let worker = speaker.ok_or_else(missing_worker_id)?;
    let wanted = wanted(&body);
    let read = read(&mut body, &worker)?;
    let messages = read.iter().filter_map(|one| one.as_ref().ok()).cloned();
    let reported = state.engine.report_many(messages.collect()).await;
    let mut reported = reported.into_iter();
    let standings = read
        .into_iter()
        .map(|one| match one {
            Err(refused) => standing_of(&refused),
            Ok(message) => match reported.next() {
                Some(Ok(reported)) => standing(&reported, message.lease.is_some()),
                Some(Err(error)) => standing_of(&error.into()),
                None => standing_of(&ApiError::bad_request("INVALID_MESSAGE", "it got lost")),
            },
        })
        .collect();
    let next = match wanted {
        0 => Vec::new(),
        // A worker that must register again is told so when it asks again.
        max => state
            .engine
            .take_many(&worker, max)
            .await
            .unwrap_or_default(),
    };
    let handed = state.handed(&next);
    let answer = ResultsAnswer {
        results: standings,
        tasks: next.into_iter().map(|next| next.message).collect(),
    };
    let bytes = serde_json::to_vec(&answer).map_err(|error| {
        tracing::error!(%error, "failed to encode tasks");
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ENCODING",
            "the answer can't be sent",
        )
    })?;
    let body = Delivery::body(Bytes::from(bytes), handed, connection);
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// How many tasks the worker would like.
fn wanted(body: &Map<String, Value>) -> usize {
    let wanted = body.get("want_next").and_then(Value::as_u64).unwrap_or(0);
    usize::try_from(wanted).unwrap_or(TASKS_MAX).min(TASKS_MAX)
}

/// Reads the results, each for itself.
fn read(
    body: &mut Map<String, Value>,
    worker: &WorkerId,
) -> Result<Vec<Result<ResultMessage, ApiError>>, ApiError> {
    let Some(Value::Array(results)) = body.remove("results") else {
        return Err(ApiError::bad_request(
            "MISSING_FIELD",
            "results is required, a list",
        ));
    };
    if results.len() > TASKS_MAX {
        return Err(ApiError::bad_request(
            "TOO_MANY_RESULTS",
            format!("at most {TASKS_MAX} results fit in one request"),
        ));
    }
    let one = |result| {
        let Value::Object(mut result) = result else {
            return Err(ApiError::bad_request(
                "INVALID_MESSAGE",
                "a result must be an object",
            ));
        };
        result.insert("worker_id".to_owned(), worker.as_str().into());
        result.remove("want_next");
        check_ids(&mut result)?;
        message(result)
    };
    Ok(results.into_iter().map(one).collect())
}

fn standing(reported: &Reported, with_lease: bool) -> ResultStanding {
    let answer = taken(reported, with_lease);
    ResultStanding {
        status: answer.status,
        reason: answer.reason,
        code: None,
        message: None,
        retry: false,
    }
}

fn standing_of(error: &ApiError) -> ResultStanding {
    ResultStanding {
        status: "error".to_owned(),
        reason: None,
        code: error.code().map(str::to_owned),
        message: Some(error.message().to_owned()),
        retry: error.is_passing(),
    }
}
