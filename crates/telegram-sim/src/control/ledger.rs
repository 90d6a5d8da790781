//! The ledger: what became of each update.

use serde::{Deserialize, Serialize};

/// Where an update stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// In the queue: not delivered yet, or delivered and not confirmed.
    Pending,
    /// Delivered at least once, then confirmed by a later offset or a 2xx of the webhook.
    Confirmed,
    /// Removed by the bot without having been delivered.
    Lost,
    /// Never queued: the bot's `allowed_updates` leave it out.
    Filtered,
}

/// How the bot removed an update it had not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LostReason {
    /// `drop_pending_updates` of `deleteWebhook` or `setWebhook`.
    DropPendingUpdates,
    /// An offset, positive or negative, that jumped over it.
    SkippedByOffset,
}

/// The life of one update. All times are Unix milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Id of the update.
    pub update_id: i64,
    /// Kind: `message`, `callback_query`, ...
    pub kind: String,
    /// Chat, when it has one.
    pub chat_id: Option<i64>,
    /// When it was injected.
    pub injected_at_ms: u64,
    /// Each delivery; more than one is a redelivery. The first 16 are kept.
    pub delivered_at_ms: Vec<u64>,
    /// Number of deliveries.
    pub deliveries: u32,
    /// When it was confirmed.
    pub confirmed_at_ms: Option<u64>,
    /// When it was lost, if it was.
    pub lost_at_ms: Option<u64>,
    /// How it was lost.
    pub lost_reason: Option<LostReason>,
    /// Where it stands.
    pub fate: Fate,
}

/// Totals over all updates ever injected, also those whose entries are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerSummary {
    /// Updates injected.
    pub injected: u64,
    /// Updates delivered at least once.
    pub delivered: u64,
    /// Updates confirmed after a delivery.
    pub confirmed: u64,
    /// Updates removed before any delivery.
    pub lost: u64,
    /// Deliveries beyond the first, over all updates.
    pub duplicates: u64,
    /// Updates in the queue.
    pub pending: u64,
    /// Updates the bot does not take.
    pub filtered: u64,
}

/// Query of `GET .../ledger`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LedgerQuery {
    /// Only updates after this id.
    #[serde(default)]
    pub after_update_id: i64,
    /// At most so many entries, oldest first; 0 means 1 000, the most.
    #[serde(default)]
    pub limit: usize,
}

/// Answer of `GET .../ledger`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerView {
    /// The totals.
    pub summary: LedgerSummary,
    /// The entries asked for.
    pub updates: Vec<LedgerEntry>,
}
