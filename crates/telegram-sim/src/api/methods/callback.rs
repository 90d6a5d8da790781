//! Answers to button presses.

use crate::{
    api::{
        answer::{ApiError, ApiResult, ok},
        args::Args,
    },
    state::BotCell,
};

pub(super) fn answer(cell: &BotCell, args: &Args) -> ApiResult {
    let id = args.text("callback_query_id").unwrap_or_default();
    if cell.lock().close_callback(id) {
        ok(true)
    } else {
        Err(ApiError::bad_request(
            "query is too old and response timeout expired or query ID is invalid",
        ))
    }
}
