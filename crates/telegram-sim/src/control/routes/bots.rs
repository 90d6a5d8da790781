//! Bots: listed, registered, looked at, forgotten.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use tokio::time::Instant;

use super::{
    extract::{Arguments, Body},
    find, refused, wait_time,
};
use crate::{
    control::{BotInfo, BotQuery, Conflict, ControlError, Health, LedgerQuery, LedgerView, NewBot},
    state::World,
    token::Token,
};

/// Most ledger entries in one answer.
const ENTRIES_MAX: usize = 1_000;
/// Longest name of a bot.
const NAME_BYTES_MAX: usize = 256;

pub(super) async fn health(State(world): State<Arc<World>>) -> Json<Health> {
    Json(Health {
        ok: true,
        bots: world.all().len(),
    })
}

pub(super) async fn list(State(world): State<Arc<World>>) -> Json<Vec<BotInfo>> {
    Json(world.all().iter().map(|cell| cell.info()).collect())
}

pub(super) async fn register(
    State(world): State<Arc<World>>,
    Body(new): Body<NewBot>,
) -> Result<Json<BotInfo>, ControlError> {
    let token = Token::parse(&new.token)
        .ok_or_else(|| ControlError::bad_request("a token looks like <digits>:<secret>"))?;
    let good = |name: &Option<String>| {
        name.as_ref()
            .is_none_or(|name| (1..=NAME_BYTES_MAX).contains(&name.len()))
    };
    if !good(&new.username) || !good(&new.first_name) {
        return Err(ControlError::bad_request("names have 1 to 256 bytes"));
    }
    let cell = world
        .register(token, &new)
        .map_err(|refusal| refused(&world, refusal))?;
    Ok(Json(cell.info()))
}

pub(super) async fn info(
    State(world): State<Arc<World>>,
    Path(bot): Path<String>,
    Arguments(query): Arguments<BotQuery>,
) -> Result<Json<BotInfo>, ControlError> {
    if query.wait_first_poll_ms == 0 {
        return Ok(Json(find(&world, &bot)?.info()));
    }
    let id = bot.split(':').next().and_then(|id| id.parse().ok());
    let id = id.ok_or_else(|| ControlError::bad_request("a bot is named by its numeric id"))?;
    let time = wait_time(query.wait_first_poll_ms);
    let deadline = Instant::now() + time;
    // A bot that is still starting is not known yet; that is what is waited for.
    let cell = world
        .wait_for_id(id, deadline)
        .await
        .ok_or_else(ControlError::unknown_bot)?;
    let left = deadline.saturating_duration_since(Instant::now());
    cell.wait_until(left, |bot| bot.polls.first_at_ms).await;
    Ok(Json(cell.info()))
}

pub(super) async fn forget(
    State(world): State<Arc<World>>,
    Path(bot): Path<String>,
) -> Result<StatusCode, ControlError> {
    let cell = find(&world, &bot)?;
    world.forget(cell.token.id());
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn conflicts(
    State(world): State<Arc<World>>,
    Path(bot): Path<String>,
) -> Result<Json<Vec<Conflict>>, ControlError> {
    Ok(Json(find(&world, &bot)?.lock().polls.recent_conflicts()))
}

pub(super) async fn ledger(
    State(world): State<Arc<World>>,
    Path(bot): Path<String>,
    Arguments(query): Arguments<LedgerQuery>,
) -> Result<Json<LedgerView>, ControlError> {
    let cell = find(&world, &bot)?;
    let bot = cell.lock();
    let limit = if query.limit == 0 {
        ENTRIES_MAX
    } else {
        query.limit.min(ENTRIES_MAX)
    };
    let updates = bot.queue.entries(query.after_update_id, limit);
    Ok(Json(LedgerView {
        summary: bot.queue.summary(),
        updates,
    }))
}
