//! The API's description: OpenAPI 3.1 at `/_public/openapi.json`, made anew for each request, so
//! that it has the endpoints of the blueprints there are now.
//!
//! | Module | What is in it |
//! |---|---|
//! | `operation`, `parameters` | how one route is described, and how that is written |
//! | `clients`, `workers`, `anybody` | the routes |
//! | `blueprints` | the endpoints of blueprints |
//! | `schemas` | the bodies |
//! | `page` | the page that shows it all |

mod anybody;
mod blueprints;
mod clients;
mod operation;
mod page;
mod parameters;
mod schemas;
mod workers;

pub(crate) use page::{page, script, style};

use avtomatika_engine::Engine;
use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use crate::server::AppState;
use operation::Operation;

/// `GET /_public/openapi.json`.
pub(crate) async fn openapi(State(state): State<AppState>) -> Json<Value> {
    Json(document(&state.engine))
}

/// Every route that is described, with the whole path of an API without a version.
fn operations() -> impl Iterator<Item = Operation> {
    let all = [clients::all(), workers::all(), anybody::all()];
    all.into_iter().flatten()
}

fn document(engine: &Engine) -> Value {
    let mut paths = Map::new();
    for operation in operations() {
        put(
            &mut paths,
            &operation.path,
            operation.method.as_str(),
            operation.written(),
        );
    }
    for (path, written) in blueprints::all(engine) {
        put(
            &mut paths,
            &path,
            axum::http::Method::POST.as_str(),
            written,
        );
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Avtomatika",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Jobs walk through blueprints; workers pull their tasks. Routes below \
                /api are also below /api/{version} for each version a blueprint's endpoint has.",
            "license": {"name": env!("CARGO_PKG_LICENSE")},
        },
        "tags": [
            {"name": "blueprints", "description": "Where jobs are posted"},
            {"name": "jobs"}, {"name": "server"}, {"name": "schedules"}, {"name": "admin"},
            {"name": "workers", "description": "What workers call"},
            {"name": "public"},
        ],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "securitySchemes": {
                "client": {"type": "apiKey", "in": "header", "name": "X-Avtomatika-Token"},
                "worker": {"type": "apiKey", "in": "header", "name": "X-Worker-Token"},
            },
        },
    })
}

fn put(paths: &mut Map<String, Value>, path: &str, method: &str, written: Value) {
    let of_path = paths.entry(path.to_owned()).or_insert_with(|| json!({}));
    of_path[method.to_ascii_lowercase()] = written;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::routes;

    #[test]
    fn every_route_is_described_and_every_description_is_a_routes() {
        let routed: BTreeSet<String> = routes::api()
            .into_iter()
            .map(|(method, path, _)| format!("{method} /api{path}"))
            .chain(
                routes::workers()
                    .into_iter()
                    .chain(routes::public())
                    .map(|(method, path, _)| format!("{method} {path}")),
            )
            .collect();
        let described: BTreeSet<String> = operations()
            .map(|operation| format!("{} {}", operation.method, operation.path))
            .collect();
        let missing: Vec<_> = routed.difference(&described).collect();
        let stray: Vec<_> = described.difference(&routed).collect();
        assert!(missing.is_empty(), "not described: {missing:?}");
        assert!(stray.is_empty(), "no routes: {stray:?}");
    }

    #[test]
    fn every_schema_that_is_named_is_there() {
        let schemas = schemas::all();
        let mut text = String::new();
        for operation in operations() {
            text.push_str(&operation.written().to_string());
        }
        text.push_str(&schemas.to_string());
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(schemas.get(name).is_some(), "{name}");
        }
    }
}
