//! Faults: added, listed, cleared.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};

use super::{extract::Body, find};
use crate::{
    control::{ControlError, Fault, FaultView, NewFault},
    state::{FAULTS_MAX, World},
};

pub(super) async fn list(
    State(world): State<Arc<World>>,
    Path(bot): Path<String>,
) -> Result<Json<Vec<FaultView>>, ControlError> {
    Ok(Json(find(&world, &bot)?.lock().faults.list()))
}

pub(super) async fn add(
    State(world): State<Arc<World>>,
    Path(bot): Path<String>,
    Body(new): Body<NewFault>,
) -> Result<Json<Vec<FaultView>>, ControlError> {
    if let Fault::Error { code, .. } = &new.fault
        && !(400..600).contains(code)
    {
        return Err(ControlError::bad_request("an error code is 400 to 599"));
    }
    if new.times == 0 {
        return Err(ControlError::bad_request("a fault hits at least one call"));
    }
    let cell = find(&world, &bot)?;
    let mut bot = cell.lock();
    if bot.faults.add(new) {
        Ok(Json(bot.faults.list()))
    } else {
        Err(ControlError::full("faults", FAULTS_MAX))
    }
}

pub(super) async fn clear(
    State(world): State<Arc<World>>,
    Path(bot): Path<String>,
) -> Result<StatusCode, ControlError> {
    find(&world, &bot)?.lock().faults.clear();
    Ok(StatusCode::NO_CONTENT)
}
