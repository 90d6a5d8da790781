//! Downloads: `/file/bot<token>/<path>`.

use axum::{
    http::header::CONTENT_TYPE,
    response::{IntoResponse as _, Response},
};

use super::answer::ApiError;
use crate::state::BotCell;

/// Serves a stored file. Paths are keys of a map, so nothing on disk can be reached.
pub(crate) fn download(cell: &BotCell, path: &str) -> Response {
    let content = cell
        .lock()
        .files
        .by_path(path)
        .map(|file| file.content.clone());
    match content {
        Some(content) => ([(CONTENT_TYPE, "application/octet-stream")], content).into_response(),
        None => ApiError::no_such_path().into_response(),
    }
}
