//! `GET /me`: what the server knows of the client who asks.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::access::{Party, Quota, Role};
use crate::http::ApiError;
use crate::server::AppState;

pub(crate) async fn me(
    State(state): State<AppState>,
    party: Party,
) -> Result<Json<Value>, ApiError> {
    let account = &party.account;
    let client = &account.client;
    let roles: Vec<_> = account.roles.iter().copied().map(Role::name).collect();
    let rate = account
        .rate()
        .map(|rate| json!({ "per_second": rate.per_second, "burst": rate.burst }));
    let quota = match Quota::of(account, state.engine.now_ms()) {
        Some(quota) => {
            let used = state.engine.spent(&quota.counter).await?;
            json!({
                "limit": quota.limit,
                "used": used,
                "remaining": quota.remaining(used),
                "resets_at_ms": quota.ends_at_ms,
            })
        }
        None => Value::Null,
    };
    Ok(Json(json!({
        "client": client.id,
        "user_id": client.user_id,
        "plan": client.plan,
        "params": client.params,
        "roles": roles,
        "quota": quota,
        "rate": rate,
        "jobs_live_max": account.jobs_live_max,
        "blueprints": account.blueprints,
    })))
}
