//! Everything below `/api`: blueprints' endpoints, which come and go while the server runs, and
//! the routes all versions of the API share.

use std::collections::HashSet;
use std::sync::Arc;

use avtomatika_engine::Engine;
use axum::Router;
use axum::extract::{OriginalUri, Request};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt as _;

use crate::client;
use crate::routes::{Route, method_not_allowed, not_found};
use crate::server::AppState;

/// What every path of the API begins with.
const PREFIX: &str = "/api";

/// Answers requests below `/api`.
#[derive(Clone)]
pub(crate) struct Api {
    /// The routes all versions share, without the prefix.
    common: Router,
    /// Those of their paths that stand for one path only.
    fixed: Arc<HashSet<&'static str>>,
}

impl Api {
    pub(crate) fn new(common: Router, routes: &[Route]) -> Self {
        let paths = routes.iter().map(|(_, path, _)| *path);
        Self {
            common,
            fixed: Arc::new(paths.filter(|path| !path.contains('{')).collect()),
        }
    }

    /// Answers a request that none of the routes with fixed paths has taken.
    pub(crate) async fn answer(self, state: AppState, request: Request) -> Response {
        let path = request.uri().path();
        let Some(below) = path
            .strip_prefix(PREFIX)
            .filter(|rest| rest.starts_with('/'))
        else {
            let uri = OriginalUri(request.uri().clone());
            return not_found(uri).await.into_response();
        };
        let (version, rest) = split(&state.engine, below);
        let blueprint = state.engine.blueprint_at(version, rest);
        let is_endpoint = blueprint.is_some();
        match blueprint {
            Some(blueprint) if request.method() == Method::POST => {
                return client::submit(state, &blueprint, request)
                    .await
                    .into_response();
            }
            Some(_) if !self.fixed.contains(rest) => {
                let uri = OriginalUri(request.uri().clone());
                let refusal = method_not_allowed(request.method().clone(), uri).await;
                return allow_post(refusal);
            }
            _ => {}
        }
        let rest = rest.to_owned();
        let answer = self.common.oneshot(at(request, &rest)).await;
        match answer {
            Ok(answer) if is_endpoint => allow_post(answer),
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }
}

/// Splits the version off a path below the prefix, if it begins with one that is in use.
fn split<'a>(engine: &Engine, below: &'a str) -> (Option<&'a str>, &'a str) {
    let Some((first, _)) = below[1..].split_once('/') else {
        return (None, below);
    };
    if engine.has_api_version(first) {
        (Some(first), &below[1 + first.len()..])
    } else {
        (None, below)
    }
}

/// The same request, for another path.
fn at(request: Request, path: &str) -> Request {
    let (mut parts, body) = request.into_parts();
    let query = parts.uri.query().map(|query| format!("?{query}"));
    let whole = format!("{path}{}", query.unwrap_or_default());
    // A part of a valid path and its query are a valid path.
    if let Ok(whole) = PathAndQuery::try_from(whole) {
        parts.uri = Uri::from(whole);
    }
    Request::from_parts(parts, body)
}

/// The same refusal, saying that the path can be posted to.
fn allow_post(mut answer: Response) -> Response {
    if answer.status() != StatusCode::METHOD_NOT_ALLOWED {
        return answer;
    }
    let others = answer.headers().get(header::ALLOW);
    let allowed = match others.and_then(|others| others.to_str().ok()) {
        Some(others) => format!("{others},{}", Method::POST),
        None => Method::POST.to_string(),
    };
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        answer.headers_mut().insert(header::ALLOW, allowed);
    }
    answer
}
