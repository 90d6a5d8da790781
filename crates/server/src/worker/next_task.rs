//! `GET /_worker/workers/{worker_id}/tasks/next`: the long poll.

use std::sync::Arc;

use avtomatika_engine::Engine;
use avtomatika_engine::service::{Handout, Poll};
use avtomatika_protocol::WorkerId;
use avtomatika_protocol::worker::TaskList;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{check_outside, check_types};
use crate::access::Credential;
use crate::http::{ApiError, Delivery, LastHanded, Path, Query, parse_wait};
use crate::server::AppState;

/// The query. Workers of the seed era send none of it.
#[derive(Deserialize)]
pub(crate) struct Parameters {
    /// How long to wait, seconds.
    timeout: Option<String>,
    /// The registration the poll belongs to.
    session: Option<String>,
    /// The types the worker takes now, separated by commas.
    types: Option<String>,
    /// How many tasks the answer may hold. With it the answer is `{"tasks": [...]}`.
    max: Option<usize>,
}

/// The most tasks one answer holds.
pub(super) const TASKS_MAX: usize = 256;

pub(crate) async fn next_task(
    State(state): State<AppState>,
    Path(worker): Path<String>,
    Query(parameters): Query<Parameters>,
    Extension(connection): Extension<LastHanded>,
    credential: Credential,
) -> Result<Response, ApiError> {
    state.access.admit(&credential, &worker)?;
    check_outside(&worker)?;
    check_types(parameters.types.iter().flat_map(|types| types.split(',')))?;
    let worker = WorkerId(worker);
    let wait = parameters.timeout.as_deref().map(parse_wait).transpose()?;
    let wait_ms = wait.map_or(u64::MAX, |wait| {
        u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
    });
    if let Some(session) = &parameters.session {
        state.engine.check_session(&worker, session).await?;
    }
    let types = parameters
        .types
        .as_deref()
        .map(|types| types.split(',').map(Arc::from).collect());
    let watch = Connection::watch(&state.engine, &worker);
    let poll = Poll {
        worker: worker.clone(),
        types,
        wait_ms,
    };
    let max = parameters.max.unwrap_or(1).clamp(1, TASKS_MAX);
    let poll = state.engine.poll_many(poll, max);
    // Who is taken off the list gets nothing more, not even what it has been waiting for.
    let still = || state.access.speaks_for(&credential, worker.as_str());
    let handouts = state.access.guard(still, poll).await;
    watch.held();
    let handouts = handouts??;
    if handouts.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    deliver(&state, handouts, parameters.max.is_some(), connection)
}

/// Sends tasks: the one there is, or a list of them to whoever has asked for several.
fn deliver(
    state: &AppState,
    handouts: Vec<Handout>,
    as_list: bool,
    connection: LastHanded,
) -> Result<Response, ApiError> {
    let handed = state.handed(&handouts);
    let mut messages = handouts.into_iter().map(|handout| handout.message);
    let bytes = if as_list {
        let tasks = messages.collect();
        serde_json::to_vec(&TaskList { tasks })
    } else {
        serde_json::to_vec(&messages.next())
    };
    let bytes = bytes.map_err(|error| {
        tracing::error!(%error, "failed to encode a task");
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ENCODING",
            "the task can't be sent",
        )
    })?;
    let body = Delivery::body(Bytes::from(bytes), handed, connection);
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Notices when the request is dropped because its connection broke: the first sign that its
/// worker may have died.
struct Connection<'a> {
    engine: &'a Engine,
    worker: WorkerId,
    held: bool,
}

impl<'a> Connection<'a> {
    fn watch(engine: &'a Engine, worker: &WorkerId) -> Self {
        Self {
            engine,
            worker: worker.clone(),
            held: false,
        }
    }

    fn held(mut self) {
        self.held = true;
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        if !self.held {
            self.engine.connection_broke(&self.worker);
        }
    }
}
