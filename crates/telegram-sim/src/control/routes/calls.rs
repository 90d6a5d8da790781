//! What the bot did, now or soon.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, State},
};
use tokio::time::Instant;

use super::{extract::Arguments, find, wait_time};
use crate::{
    control::{Answer, AnswerQuery, CallFound, CallList, CallQuery, ControlError},
    state::World,
};

/// Most calls in one answer.
const CALLS_MAX: usize = 1_000;

pub(super) async fn list(
    State(world): State<Arc<World>>,
    Path(bot): Path<String>,
    Arguments(query): Arguments<CallQuery>,
) -> Result<Json<CallList>, ControlError> {
    let cell = find(&world, &bot)?;
    let bot = cell.lock();
    let calls = bot.calls.find(&query).take(CALLS_MAX).cloned().collect();
    Ok(Json(CallList {
        calls,
        last_seq: bot.calls.last_seq(),
    }))
}

pub(super) async fn wait(
    State(world): State<Arc<World>>,
    Path(bot): Path<String>,
    Arguments(query): Arguments<CallQuery>,
) -> Result<Json<CallFound>, ControlError> {
    let cell = find(&world, &bot)?;
    let look = cell.wait_until(wait_time(query.timeout_ms), |bot| {
        bot.calls.find(&query).next().cloned()
    });
    Ok(Json(CallFound { call: look.await }))
}

pub(super) async fn answers(
    State(world): State<Arc<World>>,
    Path(bot): Path<String>,
    Arguments(query): Arguments<AnswerQuery>,
) -> Result<Json<Vec<Answer>>, ControlError> {
    let cell = find(&world, &bot)?;
    let settle = wait_time(query.settle_ms);
    let deadline = Instant::now() + wait_time(query.timeout_ms);
    let mut answers: Vec<Answer> = Vec::new();
    loop {
        let known = answers.len();
        let left = deadline.saturating_duration_since(Instant::now());
        // The first answer may take all the time; a next one must come soon.
        let time = if known == 0 {
            left
        } else {
            settle.min(left.max(Duration::from_millis(1)))
        };
        let look = cell.wait_until(time, |bot| {
            let answers = bot.calls.answers(&query);
            (answers.len() > known).then_some(answers)
        });
        match look.await {
            Some(more) => answers = more,
            None => return Ok(Json(answers)),
        }
        if settle.is_zero() {
            return Ok(Json(answers));
        }
    }
}
