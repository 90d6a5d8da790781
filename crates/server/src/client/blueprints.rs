//! `GET /blueprints`: what jobs may walk through, and how that looks.

use avtomatika_blueprint::Source;
use avtomatika_blueprint::graph::{Edge, Graph, Node, Shape};
use avtomatika_blueprint::loader::{Board, Standing};
use avtomatika_engine::service::INTERNAL_WORKERS;
use avtomatika_engine::{Blueprint, EndAs};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::{Admin, Party};
use crate::endpoints::path_of;
use crate::http::{ApiError, Path, Query};
use crate::server::AppState;

/// `GET /blueprints`: those the client may start jobs of.
pub(crate) async fn list_blueprints(
    State(state): State<AppState>,
    party: Party,
) -> Result<Json<Vec<Value>>, ApiError> {
    let all = state.engine.blueprints();
    let open = all
        .iter()
        .filter(|blueprint| is_open(&party, &blueprint.name));
    Ok(Json(open.map(|blueprint| show(blueprint)).collect()))
}

/// `GET /blueprints/files`: how the files of the watched folder stand, and what is wrong with
/// them. For admins: files quote their lines.
pub(crate) async fn list_blueprint_files(
    State(state): State<AppState>,
    Admin(_): Admin,
) -> Result<Json<Vec<Standing>>, ApiError> {
    let board = state.blueprint_files.as_ref();
    Ok(Json(board.map(Board::files).unwrap_or_default()))
}

/// The query.
#[derive(Deserialize)]
pub(crate) struct Parameters {
    format: Option<String>,
}

/// `GET /blueprints/{name}/graph`: DOT, or with `?format=svg` a picture.
pub(crate) async fn blueprint_graph(
    State(state): State<AppState>,
    party: Party,
    Path(name): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Response, ApiError> {
    let found = state.engine.blueprint(&name);
    let blueprint = found
        .filter(|blueprint| is_open(&party, &blueprint.name))
        .ok_or_else(|| ApiError::not_found("BLUEPRINT_NOT_FOUND", "Blueprint not found"))?;
    let graph = graph(&blueprint);
    let (kind, text) = match parameters.format.as_deref() {
        None | Some("dot") => ("text/vnd.graphviz; charset=utf-8", graph.dot()),
        Some("svg") => ("image/svg+xml", graph.svg()),
        Some(other) => {
            let text = format!("'{other}' is no format of a graph");
            return Err(
                ApiError::bad_request("INVALID_QUERY", text).hint("format=dot or format=svg")
            );
        }
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (
            HeaderName::from_static("content-security-policy"),
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
        ),
    ];
    Ok((headers, text).into_response())
}

/// Whether the client may know of it: one it may start, and none of the server's own.
fn is_open(party: &Party, name: &str) -> bool {
    !name.starts_with(INTERNAL_WORKERS) && party.account.may_start(name)
}

fn show(blueprint: &Blueprint) -> Value {
    let mut shown = json!({
        "name": blueprint.name,
        "version": blueprint.version,
        "endpoint": blueprint.endpoint.as_ref().map(path_of),
        "start": blueprint.start,
        "states": blueprint.state_names().collect::<Vec<_>>(),
        "from_file": blueprint.source.is_some(),
    });
    let schemas = [
        ("input_schema", &blueprint.input_schema),
        ("output_schema", &blueprint.output_schema),
    ];
    for (key, schema) in schemas {
        if let Some(schema) = schema {
            shown[key] = schema.clone();
        }
    }
    shown
}

/// The graph of a blueprint: of its file with all that says, else of what the program tells.
fn graph(blueprint: &Blueprint) -> Graph {
    let from_file = blueprint.source.as_ref().and_then(|text| {
        let source = Source::new(blueprint.name.clone(), text.to_string());
        avtomatika_blueprint::parse(&source).ok()
    });
    if let Some(parsed) = from_file {
        return Graph::of(&parsed);
    }
    let nodes: Vec<Node> = blueprint
        .state_names()
        .map(|name| Node {
            name: name.to_owned(),
            detail: String::new(),
            shape: match blueprint.ends_as(name) {
                Some(EndAs::Completed) => Shape::Completed,
                Some(EndAs::Failed) => Shape::Failed,
                None => Shape::Step,
            },
            start: name == blueprint.start,
        })
        .collect();
    let place = |name: &str| nodes.iter().position(|node| node.name == name);
    let edges = blueprint.edges.iter().filter_map(|edge| {
        Some(Edge {
            from: place(&edge.from)?,
            to: place(&edge.to)?,
            label: edge.label.clone(),
        })
    });
    let edges = edges.collect();
    Graph {
        name: blueprint.name.clone(),
        nodes,
        edges,
    }
}
