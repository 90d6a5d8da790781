//! `POST /admin/reload` and, as the first generation has it, `POST /admin/reload-workers`: reads
//! the files of clients and workers again, at once.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::access::{Admin, LoadError, LoadErrors, Reloaded};
use crate::http::ApiError;
use crate::server::AppState;

pub(crate) async fn reload(
    State(state): State<AppState>,
    Admin(_): Admin,
) -> Result<Json<Value>, ApiError> {
    let now = load(&state).await?;
    Ok(Json(json!({
        "status": "reloaded",
        "clients": now.clients,
        "workers": now.workers,
    })))
}

pub(crate) async fn reload_workers(
    State(state): State<AppState>,
    Admin(_): Admin,
) -> Result<Json<Value>, ApiError> {
    if state.access.configured().workers.is_none() {
        return Err(ApiError::bad_request(
            "NOT_CONFIGURED",
            "WORKERS_CONFIG_PATH is not set, cannot reload configs.",
        )
        .hint("start the server with --workers FILE"));
    }
    load(&state).await?;
    Ok(Json(json!({ "status": "worker_configs_reloaded" })))
}

async fn load(state: &AppState) -> Result<Reloaded, ApiError> {
    let access = Arc::clone(&state.access);
    match tokio::task::spawn_blocking(move || access.load()).await {
        Ok(loaded) => loaded.map_err(|errors| refused(&errors)),
        Err(error) => {
            tracing::error!(%error, "failed to reload");
            Err(ApiError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "RELOAD_FAILED",
                "the files could not be read",
            )
            .hint("the server's log says why"))
        }
    }
}

fn refused(errors: &LoadErrors) -> ApiError {
    tracing::error!("not taken, what was said before still counts: {errors}");
    let mistakes: Vec<Value> = errors.0.iter().flat_map(mistakes).collect();
    ApiError::bad_request("INVALID_CONFIGURATION", errors.to_string())
        .hint("nothing was changed; mend the file and reload again")
        .with("details", json!({ "mistakes": mistakes }))
}

fn mistakes(error: &LoadError) -> Vec<Value> {
    match error {
        LoadError::Read { path, source } => {
            vec![json!({ "file": path, "text": source.to_string() })]
        }
        LoadError::Mistakes { path, mistakes } => mistakes
            .iter()
            .map(|mistake| {
                let mut shown = json!(mistake);
                shown["file"] = json!(path);
                shown
            })
            .collect(),
    }
}
