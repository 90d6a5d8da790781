//! How each worker's attempts went, day by day: what reputations and dashboards are made of.
//!
//! Counted while events are written, so that a sum over a month reads thirty rows a worker instead
//! of every event.

use std::collections::BTreeMap;

use avtomatika_engine::history::EventKind;
use serde::{Deserialize, Serialize};

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// Attempts of a worker by how they went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Tasks finished.
    pub finished: u64,
    /// Attempts that failed, tried again or not.
    pub failed: u64,
    /// Attempts given up because the worker fell silent or took too long.
    pub lost: u64,
}

impl Totals {
    /// What one event adds.
    pub(crate) fn of(kind: EventKind) -> Self {
        let mut totals = Self::default();
        match kind {
            EventKind::TaskFinished => totals.finished = 1,
            EventKind::TaskFailed | EventKind::TaskRetried => totals.failed = 1,
            EventKind::TaskLost => totals.lost = 1,
            _ => {}
        }
        totals
    }

    fn grow(&mut self, more: &Self) {
        self.finished += more.finished;
        self.failed += more.failed;
        self.lost += more.lost;
    }

    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Totals by worker and day since the Unix epoch.
#[derive(Debug, Default)]
pub(crate) struct WorkerDays(BTreeMap<(String, i64), Totals>);

impl WorkerDays {
    pub(crate) fn add(&mut self, worker: &str, at_ms: i64, more: &Totals) {
        if more.is_nothing() {
            return;
        }
        let key = (worker.to_owned(), at_ms.div_euclid(DAY_MS));
        self.0.entry(key).or_default().grow(more);
    }

    pub(crate) fn merge(&mut self, more: &Self) {
        for (key, totals) in &more.0 {
            self.0.entry(key.clone()).or_default().grow(totals);
        }
    }

    /// Worker, day, totals; in one order for all writers.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&str, i64, &Totals)> {
        self.0
            .iter()
            .map(|((worker, day), totals)| (worker.as_str(), *day, totals))
    }
}
