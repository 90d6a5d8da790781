//! Bots as the control side shows them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Answer of `GET /_sim/health`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Health {
    /// Always `true`: a server that answers is healthy.
    pub ok: bool,
    /// Number of bots known.
    pub bots: usize,
}

/// A bot to register, or to rename when its token is known already.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewBot {
    /// The whole token.
    pub token: String,
    /// User name; by default `sim<id>_bot`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Display name; by default `Bot <id>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
}

/// Query of `GET /_sim/bots/{bot}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct BotQuery {
    /// Waits this long for the first poll, milliseconds, even for a bot not known yet.
    #[serde(default)]
    pub wait_first_poll_ms: u64,
}

/// What is known of one bot. The health gate of the bot runner reads `first_poll_at_ms`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BotInfo {
    /// Numeric id.
    pub id: i64,
    /// The id and at most four characters of the secret.
    pub token_hint: String,
    /// User name without `@`.
    pub username: String,
    /// Display name.
    pub first_name: String,
    /// Whether the bot was registered, not made by its first call.
    pub registered: bool,
    /// Calls of any method, `getUpdates` included.
    pub calls: u64,
    /// Number of calls by method.
    pub calls_by_method: BTreeMap<String, u64>,
    /// `getUpdates` calls that were let in: not refused by a fault or a webhook.
    pub polls: u64,
    /// Time of the first of them, Unix milliseconds.
    pub first_poll_at_ms: Option<u64>,
    /// Time of the latest of them, Unix milliseconds.
    pub last_poll_at_ms: Option<u64>,
    /// Polls being served at this moment.
    pub pollers_now: u32,
    /// Most polls ever served at one moment; above 1, two instances ran at once.
    pub pollers_max: u32,
    /// Number of 409 answers.
    pub conflicts: u64,
    /// Updates waiting to be confirmed.
    pub pending_updates: usize,
    /// URL of the webhook, when one is set.
    pub webhook_url: Option<String>,
    /// Sequence number of the latest recorded call.
    pub last_seq: u64,
}
