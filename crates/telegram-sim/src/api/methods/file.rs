//! `getFile`.

use serde_json::json;

use crate::{
    api::{
        answer::{ApiError, ApiResult, ok},
        args::Args,
    },
    state::BotCell,
};

pub(super) fn get(cell: &BotCell, args: &Args) -> ApiResult {
    let id = args.text("file_id").unwrap_or_default();
    let bot = cell.lock();
    let file = bot
        .files
        .by_id(id)
        .ok_or_else(|| ApiError::bad_request("invalid file_id"))?;
    ok(json!({
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": file.content.len(),
        "file_path": file.path,
    }))
}
