//! A played engine.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use avtomatika_engine::clock::Clock;
use avtomatika_protocol::{ClientId, JobId, JobStatus};
use avtomatika_scheduler::file::parse;
use avtomatika_scheduler::port::{Answer, Port, PortError, Posted, Posting, Stored};
use avtomatika_scheduler::{Handle, Options, Scheduler, Source};
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use serde_json::Value;

/// Midnight in UTC, a Thursday.
pub(crate) const BASE_MS: u64 = 20_454 * 86_400_000;
pub(crate) const MINUTE_MS: u64 = 60_000;
pub(crate) const HOUR_MS: u64 = 3_600_000;

/// A clock that goes either way.
pub(crate) struct Hand(AtomicU64);

impl Hand {
    pub(crate) fn at(ms: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(ms)))
    }

    pub(crate) fn set(&self, ms: u64) {
        self.0.store(ms, Ordering::SeqCst);
    }

    pub(crate) fn advance(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// It fails and nothing is done.
    Before,
    /// It is done, but nobody learns of it.
    After,
}

#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) posting: Posting,
    pub(crate) status: JobStatus,
    /// Whether an earlier job of the same schedule had not ended when it was posted.
    pub(crate) met_another: bool,
}

impl Job {
    /// The planned instant, from the key.
    pub(crate) fn instant_ms(&self) -> Option<u64> {
        self.posting.key.rsplit(':').next()?.parse().ok()
    }
}

#[derive(Default)]
struct State {
    documents: HashMap<String, (u64, Value)>,
    jobs: Vec<Job>,
    /// Faults of the next calls; after them, none.
    faults: Vec<Fault>,
    refusal: Option<&'static str>,
    calls: usize,
}

/// A played engine.
#[derive(Default)]
pub(crate) struct World(Mutex<State>);

impl World {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A scheduler with these tables.
    pub(crate) fn scheduler(
        self: &Arc<Self>,
        toml: &str,
        clock: &Arc<Hand>,
    ) -> (Scheduler, Handle) {
        let schedules = parse(toml, &TimeZone::UTC).unwrap();
        let mut options = Options::new(Arc::clone(self) as Arc<_>, Source::These(schedules));
        options.clock = Arc::clone(clock) as Arc<_>;
        options.build().unwrap()
    }

    pub(crate) fn jobs(&self) -> Vec<Job> {
        self.0.lock().jobs.clone()
    }

    /// The planned instants of the jobs in minutes after the base, in the order they were posted.
    pub(crate) fn minutes(&self) -> Vec<u64> {
        let jobs = self.jobs();
        let instants = jobs.iter().map(|job| job.instant_ms().unwrap());
        instants.map(|ms| (ms - BASE_MS) / MINUTE_MS).collect()
    }

    pub(crate) fn end_all(&self) {
        for job in &mut self.0.lock().jobs {
            if !job.status.is_terminal() {
                job.status = JobStatus::Completed;
            }
        }
    }

    pub(crate) fn statuses(&self) -> Vec<JobStatus> {
        self.0.lock().jobs.iter().map(|job| job.status).collect()
    }

    pub(crate) fn fail_next(&self, faults: &[Fault]) {
        self.0.lock().faults = faults.iter().rev().copied().collect();
    }

    pub(crate) fn refuse(&self, reason: Option<&'static str>) {
        self.0.lock().refusal = reason;
    }

    pub(crate) fn record(&self, name: &str) -> Value {
        let state = self.0.lock();
        state
            .documents
            .get(name)
            .map_or(Value::Null, |(_, value)| value.clone())
    }

    pub(crate) fn calls(&self) -> usize {
        self.0.lock().calls
    }

    /// Does something to the state, or pretends to, and lets others in between.
    async fn call<T>(
        &self,
        work: impl FnOnce(&mut State) -> Result<T, PortError>,
    ) -> Result<T, PortError> {
        tokio::task::yield_now().await;
        let done = {
            let mut state = self.0.lock();
            state.calls += 1;
            let fault = state.faults.pop().unwrap_or(Fault::None);
            let lost = || avtomatika_engine::service::EngineError::Contended.into();
            match fault {
                Fault::None => work(&mut state),
                Fault::Before => Err(lost()),
                Fault::After => {
                    let _ = work(&mut state);
                    Err(lost())
                }
            }
        };
        tokio::task::yield_now().await;
        done
    }
}

impl Port for World {
    fn post(&self, posting: Posting) -> Answer<'_, Posted> {
        Box::pin(self.call(|state| {
            if let Some(reason) = state.refusal {
                return Err(PortError::Refused(reason.to_owned()));
            }
            let known = state
                .jobs
                .iter()
                .position(|job| job.posting.key == posting.key);
            let index = known.unwrap_or_else(|| {
                let met_another = state.jobs.iter().any(|job| {
                    job.posting.schedule == posting.schedule && !job.status.is_terminal()
                });
                state.jobs.push(Job {
                    posting,
                    status: JobStatus::WaitingForWorker,
                    met_another,
                });
                state.jobs.len() - 1
            });
            Ok(Posted {
                job: id(index),
                repeated: known.is_some(),
            })
        }))
    }

    fn read(&self, schedule: &str) -> Answer<'_, Option<Stored>> {
        let schedule = schedule.to_owned();
        Box::pin(self.call(move |state| {
            let found = state.documents.get(&schedule);
            Ok(found.map(|(version, value)| Stored {
                version: *version,
                value: value.clone(),
            }))
        }))
    }

    fn write(&self, schedule: &str, from_version: u64, value: Value) -> Answer<'_, ()> {
        let schedule = schedule.to_owned();
        Box::pin(self.call(move |state| {
            let version = state
                .documents
                .get(&schedule)
                .map_or(0, |(version, _)| *version);
            if version != from_version {
                return Err(PortError::Conflict);
            }
            state.documents.insert(schedule, (version + 1, value));
            Ok(())
        }))
    }

    fn status(&self, _: &ClientId, job: JobId) -> Answer<'_, Option<JobStatus>> {
        Box::pin(self.call(move |state| Ok(state.jobs.get(index(job)).map(|job| job.status))))
    }

    fn cancel(&self, _: &ClientId, job: JobId) -> Answer<'_, ()> {
        Box::pin(self.call(move |state| {
            if let Some(job) = state.jobs.get_mut(index(job))
                && !job.status.is_terminal()
            {
                job.status = JobStatus::Cancelled;
            }
            Ok(())
        }))
    }
}

fn id(index: usize) -> JobId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&(index as u64).to_be_bytes());
    JobId::from_bytes(bytes)
}

fn index(job: JobId) -> usize {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&job.as_bytes()[8..]);
    usize::try_from(u64::from_be_bytes(bytes)).unwrap()
}
