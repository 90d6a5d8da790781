//! The fate of each update.

use std::{collections::BTreeMap, ops::Bound};

use crate::control::{Fate, LedgerEntry, LedgerSummary, LostReason};

/// Delivery times kept per update; later ones are only counted.
const DELIVERY_TIMES_MAX: usize = 16;

/// Entries by update id, and totals that outlive them.
#[derive(Debug)]
pub(crate) struct Ledger {
    entries: BTreeMap<i64, LedgerEntry>,
    totals: LedgerSummary,
    entries_max: usize,
}

impl Ledger {
    pub(crate) fn new(entries_max: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            totals: LedgerSummary::default(),
            entries_max,
        }
    }

    /// Opens the entry of a new update.
    pub(crate) fn injected(
        &mut self,
        id: i64,
        kind: &str,
        chat_id: Option<i64>,
        wanted: bool,
        now_ms: u64,
    ) {
        self.totals.injected += 1;
        self.totals.filtered += u64::from(!wanted);
        let entry = LedgerEntry {
            update_id: id,
            kind: kind.to_owned(),
            chat_id,
            injected_at_ms: now_ms,
            delivered_at_ms: Vec::new(),
            deliveries: 0,
            confirmed_at_ms: None,
            lost_at_ms: None,
            lost_reason: None,
            fate: if wanted {
                Fate::Pending
            } else {
                Fate::Filtered
            },
        };
        self.entries.insert(id, entry);
        self.forget_oldest_finished();
    }

    /// Records one delivery.
    pub(crate) fn delivered(&mut self, id: i64, now_ms: u64) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        entry.deliveries += 1;
        if entry.delivered_at_ms.len() < DELIVERY_TIMES_MAX {
            entry.delivered_at_ms.push(now_ms);
        }
        if entry.deliveries == 1 {
            self.totals.delivered += 1;
        } else {
            self.totals.duplicates += 1;
        }
    }

    /// Closes an entry: confirmed if the bot had it, lost for this reason if it had not.
    pub(crate) fn confirmed(&mut self, id: i64, otherwise: LostReason, now_ms: u64) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        if entry.fate != Fate::Pending {
            return;
        }
        if entry.deliveries > 0 {
            entry.fate = Fate::Confirmed;
            entry.confirmed_at_ms = Some(now_ms);
            self.totals.confirmed += 1;
        } else {
            entry.fate = Fate::Lost;
            entry.lost_at_ms = Some(now_ms);
            entry.lost_reason = Some(otherwise);
            self.totals.lost += 1;
        }
    }

    pub(crate) fn summary(&self) -> LedgerSummary {
        self.totals
    }

    pub(crate) fn entries(&self, after_update_id: i64, limit: usize) -> Vec<LedgerEntry> {
        let after = (Bound::Excluded(after_update_id), Bound::Unbounded);
        self.entries
            .range(after)
            .take(limit)
            .map(|(_, entry)| entry.clone())
            .collect()
    }

    /// Entries of queued updates stay: their number has its own limit.
    fn forget_oldest_finished(&mut self) {
        while self.entries.len() > self.entries_max {
            let finished = self
                .entries
                .iter()
                .find(|(_, entry)| entry.fate != Fate::Pending);
            let Some(id) = finished.map(|(id, _)| *id) else {
                return;
            };
            self.entries.remove(&id);
        }
    }
}
