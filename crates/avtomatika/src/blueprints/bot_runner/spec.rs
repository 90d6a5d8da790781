//! The versions of what a bot is made of.

use avtomatika_engine::HandlerError;
use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_protocol::ClientId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One version: one document, written once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Spec {
    /// Identifies it, secrets apart.
    pub(super) digest: String,
    /// The client whose sealed values its secrets are.
    pub(super) sealed_for: ClientId,
    /// The parameters of a start, secrets sealed.
    pub(super) params: Map<String, Value>,
    /// When it was written, milliseconds since the Unix epoch.
    pub(super) created_at_ms: u64,
}

impl Spec {
    /// Where a version is kept. A bot's name and a number hold no slash, so no two triples
    /// share a key whatever the user is called.
    pub(super) fn key(user: &str, bot_id: &str, version: u64) -> DocumentKey {
        DocumentKey::new("bot_specs", format!("{user}/{bot_id}/{version}"))
    }

    pub(super) fn read(value: &Value) -> Result<Self, HandlerError> {
        serde_json::from_value(value.clone())
            .map_err(|error| HandlerError(format!("failed to read a bot's version: {error}")))
    }

    pub(super) fn to_value(&self) -> Result<Value, HandlerError> {
        serde_json::to_value(self)
            .map_err(|error| HandlerError(format!("failed to write a bot's version: {error}")))
    }
}
