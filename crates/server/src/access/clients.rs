//! Client tokens.

use std::sync::Arc;

use avtomatika_engine::Client;
use avtomatika_protocol::ClientId;
use avtomatika_protocol::bot::user_id_of_token;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::{Access, fingerprint};
use crate::http::ApiError;
use crate::server::AppState;

/// The header a client's token comes in.
const HEADER: &str = "x-avtomatika-token";

/// A client and its token, as configured.
#[derive(Clone)]
pub struct ClientEntry {
    /// Its name.
    pub id: ClientId,
    /// Its token, in clear; only a hash of it is kept.
    pub token: String,
    /// Whether it may act for other users.
    pub trusted: bool,
}

impl Access {
    /// The same, with one more client.
    #[must_use]
    pub fn client(mut self, entry: ClientEntry) -> Self {
        let client = Client {
            trusted: entry.trusted,
            ..Client::new(entry.id, user_id_of_token(&entry.token))
        };
        self.clients
            .insert(fingerprint(&entry.token), Arc::new(client));
        self
    }

    fn client_of(&self, token: &str) -> Option<Arc<Client>> {
        // Looking a hash of the token up tells nothing about how close a guess was.
        self.clients.get(&fingerprint(token)).cloned()
    }
}

/// The client who sent a request; refuses the request without a known token.
pub struct Caller(pub Arc<Client>);

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        let token = parts.headers.get(HEADER).ok_or_else(|| {
            ApiError::unauthorized("MISSING_TOKEN", "Missing X-Avtomatika-Token header")
                .hint("send the client token in the header X-Avtomatika-Token")
        })?;
        token
            .to_str()
            .ok()
            .and_then(|token| state.access.client_of(token))
            .map(Self)
            .ok_or_else(|| {
                ApiError::unauthorized("INVALID_TOKEN", "Unauthorized: Invalid token")
                    .hint("`avtomatika up` keeps its client token in avtomatika-data/client.toml")
            })
    }
}
