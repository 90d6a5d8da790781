//! The routes, as tables: what the router is built from, what blueprints' endpoints must leave
//! alone, and what the API's description is held to.

use avtomatika_engine::Engine;
use axum::Router;
use axum::extract::{DefaultBodyLimit, OriginalUri, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, patch, post};

use crate::api::Api;
use crate::http::ApiError;
use crate::server::AppState;
use crate::{client, endpoints, openapi, public, worker};

/// A method, a path, and who answers.
pub(crate) type Route = (Method, &'static str, MethodRouter<AppState>);

/// What clients call: below `/api`, and below `/api/{version}` for each version in use.
pub(crate) fn api() -> Vec<Route> {
    vec![
        (Method::GET, "/jobs", get(client::list_jobs)),
        (Method::GET, "/jobs/{job_id}", get(client::get_job)),
        (
            Method::POST,
            "/jobs/{job_id}/cancel",
            post(client::cancel_job),
        ),
        (
            Method::GET,
            "/jobs/{job_id}/history",
            get(client::job_history),
        ),
        (
            Method::GET,
            "/jobs/quarantined",
            get(client::list_quarantined),
        ),
        (
            Method::POST,
            "/jobs/{job_id}/decision",
            post(client::decide),
        ),
        (
            Method::GET,
            "/jobs/{job_id}/events",
            get(client::job_events),
        ),
        (Method::POST, "/jobs/{job_id}/events", post(client::signal)),
        (Method::POST, "/jobs/{job_id}/rerun", post(client::rerun)),
        (
            Method::POST,
            "/jobs/{job_id}/release",
            post(client::release),
        ),
        (
            Method::POST,
            "/jobs/{job_id}/discard",
            post(client::discard),
        ),
        (Method::GET, "/blueprints", get(client::list_blueprints)),
        (
            Method::GET,
            "/blueprints/files",
            get(client::list_blueprint_files),
        ),
        (
            Method::GET,
            "/blueprints/{name}/graph",
            get(client::blueprint_graph),
        ),
        (Method::GET, "/workers", get(client::list_workers)),
        (Method::GET, "/dashboard", get(client::dashboard)),
        (Method::GET, "/me", get(client::me)),
        (Method::GET, "/schedules", get(client::list_schedules)),
        (Method::GET, "/schedules/{name}", get(client::get_schedule)),
        (
            Method::POST,
            "/schedules/{name}/run",
            post(client::run_schedule),
        ),
        (
            Method::POST,
            "/schedules/{name}/pause",
            post(client::pause_schedule),
        ),
        (
            Method::POST,
            "/schedules/{name}/resume",
            post(client::resume_schedule),
        ),
        (Method::POST, "/admin/purge", post(client::purge)),
        (Method::POST, "/admin/reload", post(client::reload)),
        (
            Method::POST,
            "/admin/reload-workers",
            post(client::reload_workers),
        ),
    ]
}

/// What workers call.
pub(crate) fn workers() -> Vec<Route> {
    vec![
        (
            Method::POST,
            "/_worker/workers/register",
            post(worker::register),
        ),
        (
            Method::PATCH,
            "/_worker/workers/{worker_id}",
            patch(worker::heartbeat),
        ),
        (
            Method::GET,
            "/_worker/workers/{worker_id}/tasks/next",
            get(worker::next_task),
        ),
        (Method::POST, "/_worker/tasks/result", post(worker::result)),
        (
            Method::POST,
            "/_worker/tasks/results",
            post(worker::results),
        ),
        (Method::GET, "/_worker/ws/{worker_id}", get(worker::socket)),
        (Method::POST, "/_worker/events", post(worker::event)),
    ]
}

/// What anybody may call.
pub(crate) fn public() -> Vec<Route> {
    vec![
        (Method::GET, "/_public/status", get(public::status)),
        (Method::GET, "/_public/metrics", get(public::metrics)),
        (Method::GET, "/metrics", get(public::metrics)),
        (Method::GET, "/_public/openapi.json", get(openapi::openapi)),
        (Method::GET, "/_public/docs", get(openapi::page)),
        (Method::GET, "/_public/docs/page.js", get(openapi::script)),
        (Method::GET, "/_public/docs/page.css", get(openapi::style)),
        (
            Method::POST,
            "/_public/webhooks/approval/{job_id}",
            post(client::approve),
        ),
        (
            Method::GET,
            "/_public/jobs/quarantined",
            get(client::quarantined_ids),
        ),
    ]
}

/// The whole.
pub(crate) fn router(state: &AppState, body_max_bytes: usize) -> Router {
    let common = built(api()).with_state(state.clone());
    let api = Api::new(common, &self::api());
    let mut own = workers();
    own.extend(public());
    built(own)
        .fallback(move |State(state): State<AppState>, request: Request| {
            let api = api.clone();
            async move { api.answer(state, request).await }
        })
        .layer(DefaultBodyLimit::max(body_max_bytes))
        .with_state(state.clone())
}

fn built(routes: Vec<Route>) -> Router<AppState> {
    let mut router = Router::new();
    for (_, path, handler) in routes {
        router = router.route(path, handler);
    }
    router
        .fallback(nobody_answers)
        .method_not_allowed_fallback(answers_otherwise)
}

async fn nobody_answers(
    State(state): State<AppState>,
    method: Method,
    OriginalUri(uri): OriginalUri,
) -> ApiError {
    let path = uri.path().to_owned();
    hinted(
        not_found(OriginalUri(uri)).await,
        &state.engine,
        &method,
        &path,
    )
}

async fn answers_otherwise(
    State(state): State<AppState>,
    method: Method,
    OriginalUri(uri): OriginalUri,
) -> ApiError {
    hinted(
        refused_method(&method, uri.path()),
        &state.engine,
        &method,
        uri.path(),
    )
}

/// Says of what was posted that there is no such endpoint, which a status of a path that is
/// somebody's does not.
fn hinted(refusal: ApiError, engine: &Engine, method: &Method, path: &str) -> ApiError {
    let hint = endpoints::no_endpoint(engine, path).filter(|_| *method == Method::POST);
    match hint {
        Some(hint) => refusal.hint(&hint),
        None => refusal,
    }
}

/// 404 for a path that is nobody's.
pub(crate) async fn not_found(OriginalUri(uri): OriginalUri) -> ApiError {
    ApiError::not_found("NOT_FOUND", format!("no such path: {}", uri.path()))
}

/// 405 for a path that is somebody's.
pub(crate) async fn method_not_allowed(method: Method, OriginalUri(uri): OriginalUri) -> Response {
    refused_method(&method, uri.path()).into_response()
}

fn refused_method(method: &Method, path: &str) -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        format!("{method} is not allowed at {path}"),
    )
}
