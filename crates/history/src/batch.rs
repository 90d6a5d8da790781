//! Events as rows: one each, and one for every job they tell of.

use std::borrow::Cow;
use std::collections::HashMap;

use avtomatika_engine::history::{EventKind, HistoryEvent};
use avtomatika_protocol::JobId;
use uuid::Uuid;

use crate::text::{self, LABEL_MAX_BYTES, fit, name};
use crate::totals::{Totals, WorkerDays};

/// What one transaction writes.
#[derive(Debug, Default)]
pub(crate) struct Batch<'a> {
    pub(crate) events: Vec<EventRow<'a>>,
    pub(crate) jobs: Vec<JobRow<'a>>,
    pub(crate) labels: Vec<LabelRow<'a>>,
}

/// A row of `job_events`.
#[derive(Clone, Debug)]
pub(crate) struct EventRow<'a> {
    pub(crate) job_id: Uuid,
    pub(crate) version: i64,
    pub(crate) n: i64,
    pub(crate) at_ms: i64,
    pub(crate) kind: EventKind,
    pub(crate) state: Cow<'a, str>,
    pub(crate) previous_state: Option<Cow<'a, str>>,
    pub(crate) status: &'static str,
    pub(crate) task_id: Option<Uuid>,
    pub(crate) task_type: Option<Cow<'a, str>>,
    pub(crate) worker: Option<Cow<'a, str>>,
    pub(crate) attempt: Option<i64>,
    pub(crate) failure: Option<String>,
    pub(crate) details: Option<String>,
}

/// A row of `jobs`: what the newest event of the batch says of a job.
#[derive(Clone, Debug)]
pub(crate) struct JobRow<'a> {
    pub(crate) id: Uuid,
    pub(crate) client: Cow<'a, str>,
    pub(crate) blueprint: Cow<'a, str>,
    pub(crate) blueprint_version: Cow<'a, str>,
    pub(crate) status: &'static str,
    pub(crate) state: Cow<'a, str>,
    pub(crate) created_at_ms: i64,
    pub(crate) updated_at_ms: i64,
    pub(crate) ended_at_ms: Option<i64>,
    pub(crate) parent: Option<Uuid>,
    pub(crate) version: i64,
    pub(crate) failure: Option<String>,
}

/// A row of `job_labels`.
#[derive(Clone, Debug)]
pub(crate) struct LabelRow<'a> {
    pub(crate) job_id: Uuid,
    pub(crate) key: Cow<'a, str>,
    pub(crate) value: Cow<'a, str>,
    pub(crate) client: Cow<'a, str>,
    pub(crate) created_at_ms: i64,
}

/// Times and versions beyond what a signed column holds say no more than its end.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl<'a> Batch<'a> {
    pub(crate) fn of(events: &'a [HistoryEvent]) -> Self {
        let mut batch = Self {
            events: events.iter().map(event_row).collect(),
            ..Self::default()
        };
        let mut newest: HashMap<JobId, Newest<'a>> = HashMap::new();
        for event in events {
            newest.entry(event.job_id).or_default().see(event);
            for (key, value) in event.labels.iter().flatten() {
                batch.labels.push(LabelRow {
                    job_id: event.job_id.0,
                    key: name(key),
                    value: fit(value, LABEL_MAX_BYTES),
                    client: name(event.client.as_str()),
                    created_at_ms: int(event.created_at_ms),
                });
            }
        }
        batch.jobs = newest.values().filter_map(Newest::row).collect();
        // One order for all writers: two that meet on the same rows don't wait for each other.
        batch.jobs.sort_unstable_by_key(|job| job.id);
        batch.events.sort_unstable_by_key(EventRow::key);
        batch.events.dedup_by_key(|event| event.key());
        batch
    }

    /// What the batch's events add to the totals of workers.
    pub(crate) fn totals<'b>(events: impl Iterator<Item = &'b EventRow<'b>>) -> WorkerDays {
        let mut days = WorkerDays::default();
        for event in events {
            if let Some(worker) = event.worker.as_deref() {
                days.add(worker, event.at_ms, &Totals::of(event.kind));
            }
        }
        days
    }
}

impl EventRow<'_> {
    /// What identifies it.
    pub(crate) fn key(&self) -> (Uuid, i64, i64) {
        (self.job_id, self.version, self.n)
    }
}

fn event_row(event: &HistoryEvent) -> EventRow<'_> {
    EventRow {
        job_id: event.job_id.0,
        version: int(event.version),
        n: i64::from(event.n),
        at_ms: int(event.at_ms),
        kind: event.kind,
        state: name(&event.state),
        previous_state: event.previous_state.as_deref().map(name),
        status: event.status.as_str(),
        task_id: event.task_id.map(|id| id.0),
        task_type: event.task_type.as_deref().map(name),
        worker: event.worker.as_ref().map(|worker| name(worker.as_str())),
        attempt: event.attempt.map(i64::from),
        failure: event.failure.as_ref().map(text::failure),
        details: event.details.as_ref().map(text::details),
    }
}

/// The newest event of a job, and the last failure its commit tells of.
#[derive(Default)]
struct Newest<'a> {
    event: Option<&'a HistoryEvent>,
    failed: Option<&'a HistoryEvent>,
}

impl<'a> Newest<'a> {
    fn see(&mut self, event: &'a HistoryEvent) {
        let key = |event: &HistoryEvent| (event.version, event.n);
        if self.event.is_none_or(|newest| key(newest) <= key(event)) {
            self.event = Some(event);
        }
        if event.failure.is_some() && self.failed.is_none_or(|last| key(last) <= key(event)) {
            self.failed = Some(event);
        }
    }

    fn row(&self) -> Option<JobRow<'a>> {
        let event = self.event?;
        Some(JobRow {
            id: event.job_id.0,
            client: name(event.client.as_str()),
            blueprint: name(&event.blueprint),
            blueprint_version: name(&event.blueprint_version),
            status: event.status.as_str(),
            state: name(&event.state),
            created_at_ms: int(event.created_at_ms),
            updated_at_ms: int(event.at_ms),
            ended_at_ms: event.status.is_terminal().then_some(int(event.at_ms)),
            parent: event.parent.map(|id| id.0),
            version: int(event.version),
            failure: self
                .failed
                .and_then(|event| event.failure.as_ref())
                .map(text::failure),
        })
    }
}
