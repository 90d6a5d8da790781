//! `GET /_worker/workers/{worker_id}/tasks/next`: the long poll.

use std::sync::Arc;

use avtomatika_engine::Engine;
use avtomatika_engine::service::{Handout, Poll};
use avtomatika_protocol::WorkerId;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

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
}

pub(crate) async fn next_task(
    State(state): State<AppState>,
    Path(worker): Path<String>,
    Query(parameters): Query<Parameters>,
    Extension(connection): Extension<LastHanded>,
    credential: Credential,
) -> Result<Response, ApiError> {
    state.access.admit(&credential, &worker)?;
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
    let poll = state.engine.poll(Poll {
        worker: worker.clone(),
        types,
        wait_ms,
    });
    // Who is taken off the list gets nothing more, not even what it has been waiting for.
    let still = || state.access.speaks_for(&credential, worker.as_str());
    let handout = state.access.guard(still, poll).await;
    watch.held();
    match handout?? {
        Some(handout) => deliver(&state, &handout, connection),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

fn deliver(
    state: &AppState,
    handout: &Handout,
    connection: LastHanded,
) -> Result<Response, ApiError> {
    let handed = state.handed(handout);
    let bytes = serde_json::to_vec(&handout.message).map_err(|error| {
        tracing::error!(%error, task = %handout.task, "failed to encode a task");
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
