//! The client who sent a request.

use std::sync::Arc;

use avtomatika_engine::Client;
use avtomatika_protocol::ClientId;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::bucket::now_ns;
use super::credential::shown;
use super::registry::{Access, too_many};
use super::{Account, Role};
use crate::http::{ApiError, Peer};
use crate::server::AppState;

/// The header a client's token comes in.
const HEADER: &str = "x-avtomatika-token";

/// The client who sent a request; refuses the request without a known token, and one that comes
/// too early. A handler takes one of [`Caller`], [`Party`] and [`Admin`]: each counts the request
/// against the client's rate.
pub struct Caller(pub Arc<Client>);

/// The client who sent a request, with what it may do.
pub struct Party {
    /// What it may do.
    pub account: Arc<Account>,
    /// What it showed, to see later whether it still counts. A copy, as a worker's is.
    token: Box<str>,
}

/// The client who sent a request, who has the role for admin routes.
pub struct Admin(pub Arc<Client>);

/// Whether a request shows a client's token, whatever it is worth.
pub(crate) fn has_client_token(parts: &Parts) -> bool {
    parts.headers.contains_key(HEADER)
}

impl Party {
    /// Whose jobs it may see and stop: its own, or with the role `admin` everybody's (`None`).
    pub(crate) fn reach(&self) -> Option<&ClientId> {
        let is_admin = self.account.roles.contains(&Role::Admin);
        (!is_admin).then_some(&self.account.client.id)
    }

    /// Whether it would still be let in.
    ///
    /// # Errors
    /// The refusal it would be given.
    pub(crate) fn still(&self, access: &Access) -> Result<(), ApiError> {
        known(access, &self.token)?.ok_or_else(invalid).map(|_| ())
    }
}

/// Whose token it is, unless that client may do nothing.
fn known(access: &Access, token: &str) -> Result<Option<Arc<Account>>, ApiError> {
    let account = access.account(token);
    if account.as_ref().is_some_and(|account| account.disabled) {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "CLIENT_DISABLED",
            "this client is disabled",
        )
        .hint("the operator has set disabled = true for it in clients.toml"));
    }
    Ok(account)
}

fn invalid() -> ApiError {
    ApiError::unauthorized("INVALID_TOKEN", "Unauthorized: Invalid token")
        .hint("`avtomatika up` keeps its client token in avtomatika-data/client.toml")
}

impl FromRequestParts<AppState> for Party {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let token = parts.headers.get(HEADER).map(shown).ok_or_else(|| {
            ApiError::unauthorized("MISSING_TOKEN", "Missing X-Avtomatika-Token header")
                .hint("send the client token in the header X-Avtomatika-Token")
        })?;
        let account = known(&state.access, &token)?
            .ok_or_else(|| state.access.wrong_token(Peer::of(parts), invalid()))?;
        if let Some(bucket) = &account.bucket {
            bucket.take(now_ns()).map_err(|wait| {
                too_many("client_rate", wait).hint("GET /api/me tells your rate")
            })?;
        }
        Ok(Self { account, token })
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let party = Party::from_request_parts(parts, state).await?;
        Ok(Self(Arc::clone(&party.account.client)))
    }
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let party = Party::from_request_parts(parts, state).await?;
        if !party.account.roles.contains(&Role::Admin) {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "FORBIDDEN",
                "only a client with the role 'admin' may do this",
            )
            .hint("roles = [\"admin\"] in clients.toml; the client of `avtomatika up` has it"));
        }
        Ok(Self(Arc::clone(&party.account.client)))
    }
}
