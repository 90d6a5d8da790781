//! Which blueprints a client may start jobs of.

use axum::http::StatusCode;

use crate::access::Party;
use crate::http::ApiError;

/// Refuses a client that may not start jobs of this blueprint.
pub(super) fn check_allowed(party: &Party, blueprint: &str) -> Result<(), ApiError> {
    if party.account.may_start(blueprint) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "BLUEPRINT_NOT_ALLOWED",
        format!("this client may not start jobs of '{blueprint}'"),
    )
    .hint("GET /api/me tells which ones it may"))
}
