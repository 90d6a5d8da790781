//! One schedule's turn: read its record, decide, write, post, write.

use std::sync::Arc;

use avtomatika_engine::names;
use metrics::counter;

use super::book::Book;
use super::post;
use crate::decide::{Decided, decide, is_due};
use crate::port::PortError;
use crate::record::{Adopted, Record};
use crate::schedule::{Overlap, Schedule};

/// How long a record is left unread when nothing is due, milliseconds: another orchestrator may
/// have been told to pause or resume.
const REFRESH_MS: u64 = 15_000;
/// How often the end of a job is looked for that a run waits for, milliseconds.
const WAIT_MS: u64 = 1_000;
/// The first and the longest pause after a failure, milliseconds.
const RETRY_MS: (u64, u64) = (1_000, 30_000);
/// Turns begun anew because the record had changed.
const CONFLICTS_MAX: u32 = 16;

/// A schedule that is switched on.
pub(super) struct Slot {
    schedule: Arc<Schedule>,
    rule: String,
    /// The rule as it was adopted, once it was: if an orchestrator with another file drops it, it
    /// is put back as it was.
    adopted: Option<Adopted>,
    /// Whether the rule is new, so that its past is none of its business.
    is_new_rule: bool,
    look_at_ms: u64,
    failures: u32,
}

impl Slot {
    pub(super) fn new(schedule: Arc<Schedule>) -> Self {
        Self {
            rule: schedule.timetable.fingerprint(),
            schedule,
            adopted: None,
            is_new_rule: false,
            look_at_ms: 0,
            failures: 0,
        }
    }

    /// The same after the file has changed.
    pub(super) fn with(mut self, schedule: Arc<Schedule>) -> Self {
        let rule = schedule.timetable.fingerprint();
        if rule != self.rule {
            (self.adopted, self.is_new_rule) = (None, true);
        }
        (self.rule, self.schedule, self.look_at_ms) = (rule, schedule, 0);
        self
    }

    pub(super) fn is_due(&self, now_ms: u64) -> bool {
        // A look planned further ahead than looks are planned: the clock was put back.
        self.look_at_ms <= now_ms || self.look_at_ms > now_ms + 2 * RETRY_MS.1
    }

    pub(super) fn next_look_ms(&self) -> u64 {
        self.look_at_ms
    }

    pub(super) fn look_soon(&mut self) {
        self.look_at_ms = 0;
    }

    /// Does what is due.
    pub(super) async fn look(&mut self, book: &Book) {
        let mut conflicts = 0;
        let turned = loop {
            match self.turn(book).await {
                Err(PortError::Conflict) if conflicts < CONFLICTS_MAX => conflicts += 1,
                turned => break turned,
            }
        };
        match turned {
            Ok(next_ms) => {
                self.failures = 0;
                self.look_at_ms = next_ms;
            }
            Err(error) => {
                let (first_ms, longest_ms) = RETRY_MS;
                let pause_ms = (first_ms << self.failures.min(10)).min(longest_ms);
                self.failures += 1;
                self.look_at_ms = book.now_ms() + pause_ms;
                counter!(names::SCHEDULE_ERRORS, "kind" => "engine").increment(1);
                let schedule = &self.schedule.name;
                tracing::warn!(%error, %schedule, pause_ms, "a schedule could not be dealt with");
            }
        }
    }

    /// One turn. Answers when the next is needed at the latest.
    async fn turn(&mut self, book: &Book) -> Result<u64, PortError> {
        let schedule = Arc::clone(&self.schedule);
        let (mut version, mut record) = book.read(&schedule.name).await?;
        let before = record.clone();
        let now_ms = book.now_ms();
        let adopted = self.adopt(&mut record, now_ms);
        let mut decided = Decided::default();
        let may_decide = record.firing.is_empty() && record.paused.is_none();
        if may_decide && is_due(&schedule, &adopted, &record, now_ms) {
            let is_busy = match schedule.overlap {
                Overlap::Allow | Overlap::Cancel => false,
                Overlap::Skip | Overlap::Queue => post::is_busy(book, &schedule, &record).await?,
            };
            decided = decide(&schedule, &adopted, &mut record, now_ms, is_busy);
        }
        if record != before {
            book.write(&schedule.name, version, &record).await?;
            version += 1;
        }
        // Told by the one who wrote it.
        self.is_new_rule = false;
        self.adopted = Some(adopted);
        tell(&schedule, decided);
        if !record.firing.is_empty() {
            post::fire(book, &schedule, version, &mut record).await?;
        }
        Ok(next_look_ms(&schedule, &record, book.now_ms()))
    }

    /// The rule in the record, put there if it isn't.
    fn adopt(&self, record: &mut Record, now_ms: u64) -> Adopted {
        let known = record.adopted(&self.rule).cloned();
        match (known, &self.adopted) {
            (Some(known), _) if !self.is_new_rule => return known,
            (None, Some(adopted)) => record.keep(adopted.clone()),
            _ => record.adopt(self.rule.clone(), now_ms),
        }
        let rule = self.rule.clone();
        record.adopted(&self.rule).cloned().unwrap_or(Adopted {
            rule,
            since_ms: now_ms,
            anchor_ms: now_ms,
        })
    }
}

/// Has a schedule that was switched off forget its rules: once it is switched on again, what was
/// in between is none of its business. Nobody waits any more, and what was decided and not posted
/// is dropped.
pub(super) async fn forget(book: &Book, name: &str) -> Result<(), PortError> {
    for _ in 0..CONFLICTS_MAX {
        let (version, mut record) = book.read(name).await?;
        let before = record.clone();
        record.rules.clear();
        record.firing.clear();
        record.waiting_ms = None;
        if record == before {
            return Ok(());
        }
        match book.write(name, version, &record).await {
            Err(PortError::Conflict) => {}
            written => return written,
        }
    }
    Err(PortError::Conflict)
}

fn next_look_ms(schedule: &Schedule, record: &Record, now_ms: u64) -> u64 {
    let refresh_ms = now_ms + REFRESH_MS;
    if record.paused.is_some() {
        return refresh_ms;
    }
    if record.waiting_ms.is_some() {
        return now_ms + WAIT_MS;
    }
    let next_ms = record.next_ms(schedule, now_ms);
    let next_ms = next_ms.map(|next_ms| next_ms.saturating_add(schedule.delay_ms()));
    next_ms.map_or(refresh_ms, |next_ms| next_ms.min(refresh_ms))
}

fn tell(schedule: &Schedule, decided: Decided) {
    let Decided { missed, skipped } = decided;
    let name = &schedule.name;
    if missed > 0 {
        counter!(names::SCHEDULE_MISSED, "schedule" => name.clone()).increment(missed);
        tracing::warn!(schedule = %name, missed, "runs were missed and are not made up for");
    }
    if skipped > 0 {
        counter!(names::SCHEDULE_SKIPPED, "schedule" => name.clone()).increment(skipped);
        tracing::info!(schedule = %name, skipped, "runs are skipped, an earlier job has not ended");
    }
}
