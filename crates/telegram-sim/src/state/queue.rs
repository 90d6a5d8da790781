//! The queue of unconfirmed updates of one bot, and what is recorded of them.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Value, json};

use super::ledger::Ledger;
use crate::control::{LedgerEntry, LedgerSummary, LostReason};

/// Most updates in one answer, as on the public server.
const TAKE_MAX: usize = 100;
/// Most bytes in one answer, as on the public server: 4 MB.
const TAKE_BYTES_MAX: usize = 1 << 22;
/// What the public server counts for an update beyond its own bytes.
const UPDATE_OVERHEAD_BYTES: usize = 50;
/// Kinds that a bot gets only when it names them in `allowed_updates`.
const ON_REQUEST: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

/// The updates a bot has not confirmed, oldest first.
#[derive(Debug)]
pub(crate) struct UpdateQueue {
    pending: VecDeque<Queued>,
    next_id: i64,
    /// Kinds the bot takes; none means the default of the public server.
    allowed: Option<BTreeSet<String>>,
    ledger: Ledger,
    pending_max: usize,
}

#[derive(Debug)]
struct Queued {
    id: i64,
    update: Value,
    bytes: usize,
}

impl UpdateQueue {
    /// `first_id` must grow from one run of the server to the next: a bot that outlives the
    /// server still holds its old offset, and must not skip new updates with it.
    pub(crate) fn new(first_id: i64, pending_max: usize, ledger_max: usize) -> Self {
        Self {
            pending: VecDeque::new(),
            next_id: first_id,
            allowed: None,
            ledger: Ledger::new(ledger_max),
            pending_max,
        }
    }

    /// Adds an update; `None` when the queue is full. The flag is `false` when the bot does not
    /// take this kind: such an update is recorded, but not queued.
    pub(crate) fn push(
        &mut self,
        kind: &str,
        chat_id: Option<i64>,
        payload: &Value,
        now_ms: u64,
    ) -> Option<(i64, bool)> {
        if self.pending.len() >= self.pending_max {
            return None;
        }
        let id = self.next_id;
        self.next_id += 1;
        let wanted = match &self.allowed {
            Some(kinds) => kinds.contains(kind),
            None => !ON_REQUEST.contains(&kind),
        };
        self.ledger.injected(id, kind, chat_id, wanted, now_ms);
        if wanted {
            let update = json!({"update_id": id, kind: payload});
            let bytes = update.to_string().len() + UPDATE_OVERHEAD_BYTES;
            self.pending.push_back(Queued { id, update, bytes });
        }
        Some((id, wanted))
    }

    /// Reads an offset as the public server does: a positive one confirms all updates below it, a
    /// negative one drops all but the last so many. Returns the first id to deliver.
    pub(crate) fn confirm_by_offset(&mut self, offset: i64, now_ms: u64) -> i64 {
        let start = if offset < 0 {
            let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let first_kept = self.pending.len().saturating_sub(keep);
            self.pending
                .get(first_kept)
                .map_or(self.next_id, |queued| queued.id)
        } else {
            offset
        };
        while self.pending.front().is_some_and(|queued| queued.id < start) {
            if let Some(queued) = self.pending.pop_front() {
                self.ledger
                    .confirmed(queued.id, LostReason::SkippedByOffset, now_ms);
            }
        }
        start
    }

    /// Delivers the oldest updates: within the limits, at least one when there is one.
    pub(crate) fn take(&mut self, limit: usize, now_ms: u64) -> Vec<Value> {
        let mut bytes = 0;
        let mut taken = Vec::new();
        for queued in self.pending.iter().take(limit.min(TAKE_MAX)) {
            bytes += queued.bytes;
            if bytes > TAKE_BYTES_MAX && !taken.is_empty() {
                break;
            }
            self.ledger.delivered(queued.id, now_ms);
            taken.push(queued.update.clone());
        }
        taken
    }

    /// The oldest update and its id, for a webhook; recorded as delivered only when it was.
    pub(crate) fn front(&self) -> Option<(i64, Value)> {
        self.pending
            .front()
            .map(|queued| (queued.id, queued.update.clone()))
    }

    /// Records a delivery by webhook, and the confirmation that a 2xx answer is.
    pub(crate) fn delivered_by_webhook(&mut self, id: i64, confirmed: bool, now_ms: u64) {
        self.ledger.delivered(id, now_ms);
        if confirmed && self.pending.front().is_some_and(|queued| queued.id == id) {
            self.pending.pop_front();
            self.ledger
                .confirmed(id, LostReason::SkippedByOffset, now_ms);
        }
    }

    /// Drops everything, as `drop_pending_updates` asks.
    pub(crate) fn drop_pending(&mut self, now_ms: u64) {
        for queued in self.pending.drain(..) {
            self.ledger
                .confirmed(queued.id, LostReason::DropPendingUpdates, now_ms);
        }
    }

    /// Sets the kinds the bot takes from now on; an empty list is the default.
    pub(crate) fn allow(&mut self, kinds: BTreeSet<String>) {
        self.allowed = (!kinds.is_empty()).then_some(kinds);
    }

    /// The kinds the bot asked for, if it did.
    pub(crate) fn allowed(&self) -> Option<&BTreeSet<String>> {
        self.allowed.as_ref()
    }

    /// Number of unconfirmed updates.
    pub(crate) fn len(&self) -> usize {
        self.pending.len()
    }

    /// Totals of the ledger.
    pub(crate) fn summary(&self) -> LedgerSummary {
        LedgerSummary {
            pending: self.pending.len() as u64,
            ..self.ledger.summary()
        }
    }

    /// Ledger entries after an id, oldest first.
    pub(crate) fn entries(&self, after_update_id: i64, limit: usize) -> Vec<LedgerEntry> {
        self.ledger.entries(after_update_id, limit)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::UpdateQueue;
    use crate::control::{Fate, LedgerSummary};

    fn queue_of(count: usize) -> UpdateQueue {
        let mut queue = UpdateQueue::new(10, 100, 1_000);
        for _ in 0..count {
            queue.push("message", None, &json!({}), 1).unwrap();
        }
        queue
    }

    fn ids(updates: &[serde_json::Value]) -> Vec<i64> {
        updates
            .iter()
            .map(|update| update["update_id"].as_i64().unwrap())
            .collect()
    }

    #[test]
    fn positive_offset_confirms_below_and_redelivers_the_rest() {
        let mut queue = queue_of(3);
        assert_eq!(ids(&queue.take(100, 2)), [10, 11, 12]);
        queue.confirm_by_offset(11, 3);
        assert_eq!(ids(&queue.take(100, 3)), [11, 12]);
        let summary = queue.summary();
        assert_eq!(
            (summary.confirmed, summary.duplicates, summary.lost),
            (1, 2, 0)
        );
    }

    #[test]
    fn negative_offset_keeps_the_last() {
        let mut queue = queue_of(5);
        queue.confirm_by_offset(-2, 3);
        assert_eq!(ids(&queue.take(100, 3)), [13, 14]);
        assert_eq!(queue.summary().lost, 3);
        queue.confirm_by_offset(-9, 3);
        assert_eq!(queue.len(), 2);
    }

    #[test]
    fn dropping_loses_only_what_was_not_delivered() {
        let mut queue = queue_of(3);
        queue.take(1, 2);
        queue.drop_pending(3);
        let fates: Vec<_> = queue
            .entries(0, 10)
            .into_iter()
            .map(|entry| entry.fate)
            .collect();
        assert_eq!(fates, [Fate::Confirmed, Fate::Lost, Fate::Lost]);
    }

    #[test]
    fn updates_that_are_not_allowed_are_filtered() {
        let mut queue = queue_of(0);
        queue.allow(["callback_query".to_owned()].into());
        assert_eq!(
            queue.push("message", None, &json!({}), 1),
            Some((10, false))
        );
        assert_eq!(
            queue.push("callback_query", None, &json!({}), 1),
            Some((11, true))
        );
        queue.allow([].into());
        assert_eq!(
            queue.push("message_reaction", None, &json!({}), 1),
            Some((12, false))
        );
        let expected = LedgerSummary {
            injected: 3,
            filtered: 2,
            pending: 1,
            ..LedgerSummary::default()
        };
        assert_eq!(queue.summary(), expected);
    }

    #[test]
    fn limits_hold() {
        let mut queue = UpdateQueue::new(1, 2, 3);
        assert!(queue.push("message", None, &json!({}), 1).is_some());
        assert!(queue.push("message", None, &json!({}), 1).is_some());
        assert!(queue.push("message", None, &json!({}), 1).is_none());
        for _ in 0..5 {
            queue.drop_pending(2);
            queue.push("message", None, &json!({}), 2).unwrap();
        }
        assert_eq!(queue.entries(0, 100).len(), 3);
        assert_eq!(queue.summary().injected, 7);

        let mut queue = UpdateQueue::new(1, 100, 100);
        let large = json!({"text": "x".repeat(3 << 20)});
        queue.push("message", None, &large, 1).unwrap();
        queue.push("message", None, &large, 1).unwrap();
        assert_eq!(queue.take(100, 2).len(), 1);
    }
}
