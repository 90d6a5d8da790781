//! Handing tasks to workers that ask.

use std::sync::Arc;
use std::time::Duration;

use avtomatika_protocol::worker::{Outcome, ResultMessage, TaskMessage};
use avtomatika_protocol::{Failure, LeaseId, TaskId, WorkerId};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use super::engine::Engine;
use super::error::EngineError;
use super::parking::{Offer, Wake};
use super::through::Through;
use crate::blueprint::Wants;
use crate::names;
use crate::storage::{Claim, Claimed, Lease, QueueEntry, Task, Touched};
use crate::trace::{TraceContext, task_span};

/// A worker's wish for a task.
#[derive(Clone, Debug)]
pub struct Poll {
    /// Who asks.
    pub worker: WorkerId,
    /// The types it takes now; `None`: those it registered.
    pub types: Option<Arc<[Arc<str>]>>,
    /// How long to wait for one, milliseconds; bounded by the engine's setting.
    pub wait_ms: u64,
}

/// A task on its way to a worker.
#[derive(Debug)]
pub struct Handout {
    /// What the worker is sent.
    pub message: TaskMessage,
    /// The task.
    pub task: TaskId,
    /// The lease it goes under.
    pub lease: LeaseId,
    /// Whether only this worker may have it.
    tied: bool,
    /// What it wants of its worker beyond the type.
    wants: Option<Arc<Wants>>,
}

/// What a worker hangs its own spans on.
fn tracing_context(task: &Task) -> Map<String, Value> {
    let mut carrier = Map::new();
    let parent = task.trace_parent.as_deref().and_then(TraceContext::parse);
    if let Some(parent) = parent {
        let here = parent.at(task_span(task.id));
        carrier.insert("traceparent".to_owned(), here.header().into());
    }
    carrier
}

/// The types without those the worker has as many tasks of as it takes.
fn without_full(types: Arc<[Arc<str>]>, full_of: &[String]) -> Arc<[Arc<str>]> {
    if full_of.is_empty() {
        return types;
    }
    let is_full = |name: &Arc<str>| full_of.iter().any(|full| **full == **name);
    types
        .iter()
        .filter(|name| !is_full(name))
        .cloned()
        .collect()
}

/// What a look for a task came to.
enum Took {
    Task(Box<Handout>),
    Nothing,
    Full,
}

impl Handout {
    /// Whether a wake-up for a task of this type, with these wants, tied to a worker or not, is
    /// used up by this one.
    pub(super) fn is_such(&self, task_type: &str, wants: Option<&Wants>, tied: bool) -> bool {
        self.message.task_type == task_type && self.tied == tied && self.wants.as_deref() == wants
    }
}

impl Engine {
    /// Waits for a task for a worker. Answers `None` when there was none in time.
    ///
    /// Dropping the future while it waits loses nothing. A [`Handout`] that could not be
    /// delivered must be given to [`Engine::hand_back`].
    ///
    /// # Errors
    /// [`EngineError::UnknownWorker`] if the worker must register (again) first.
    pub async fn poll(&self, poll: Poll) -> Result<Option<Handout>, EngineError> {
        let inner = &self.0;
        let mut touched = self.seen(&poll.worker).await?;
        let deadline = tokio::time::Instant::now()
            + Duration::from_millis(poll.wait_ms.min(inner.settings.poll_timeout_ms));
        let types = |touched: &Touched| {
            let types = match &poll.types {
                Some(types) => Arc::clone(types),
                None => self.types_of(touched),
            };
            without_full(types, &touched.standing.full_of)
        };
        let mut wake: Option<Wake<'_>> = None;
        loop {
            if self.is_draining() {
                return Ok(None);
            }
            let wanted = types(&touched);
            let took = self.take(&poll.worker, Arc::clone(&wanted)).await?;
            // Whoever is woken for a task and takes another one, or can't take any, leaves the
            // wake-up to the next.
            if let Some(wake) = wake.take()
                && match &took {
                    Took::Task(handout) => wake.was_for(handout),
                    Took::Nothing => wake.is_within(&wanted, &touched.standing.profile),
                    Took::Full => false,
                }
            {
                wake.spent();
            }
            let full = match took {
                Took::Task(handout) => return Ok(Some(*handout)),
                Took::Nothing => false,
                Took::Full => true,
            };
            if poll.wait_ms == 0 || inner.parking.len() >= inner.settings.parked_polls_max {
                return Ok(None);
            }
            // A full worker waits for its own capacity only, so that wake-ups for ready tasks go
            // to those who can take them.
            let parked_for = if full {
                Arc::default()
            } else {
                Arc::clone(&wanted)
            };
            let offer = Offer {
                standing: touched.standing.clone(),
                leased: touched.leased,
            };
            let parked = inner.parking.park(&poll.worker, parked_for, offer);
            // Between looking and parking a task may have become ready, or the worker free.
            let now = self.seen(&poll.worker).await?;
            let other_types = !Arc::ptr_eq(&now.record, &touched.record)
                || now.standing.full_of != touched.standing.full_of;
            touched = now;
            if other_types {
                continue;
            }
            match self.take(&poll.worker, wanted).await? {
                Took::Task(handout) => return Ok(Some(*handout)),
                Took::Nothing if full => continue,
                Took::Full if !full => continue,
                Took::Nothing | Took::Full => {}
            }
            tokio::select! {
                () = parked.woken() => wake = parked.take_wake(),
                () = tokio::time::sleep_until(deadline) => return Ok(None),
                () = inner.draining.cancelled() => return Ok(None),
            }
            drop(parked);
            touched = self.seen(&poll.worker).await?;
        }
    }

    /// Takes a task for a worker that is about to get an answer anyway.
    pub(super) async fn take_now(&self, worker: &WorkerId) -> Result<Option<Handout>, EngineError> {
        if self.is_draining() {
            return Ok(None);
        }
        let touched = self.seen(worker).await?;
        match self.take(worker, self.types_of(&touched)).await? {
            Took::Task(handout) => Ok(Some(*handout)),
            Took::Nothing | Took::Full => Ok(None),
        }
    }

    /// Puts a task back that did not reach its worker.
    pub async fn hand_back(&self, task: TaskId, lease: LeaseId) {
        let inner = &self.0;
        let held = inner.store.queue_entry(task).await.ok().flatten();
        let holder = held.and_then(|entry| entry.lease).map(|lease| lease.worker);
        if let Ok(Some(entry)) = inner.store.hand_back(task, lease).await {
            metrics::counter!(names::TASKS_LOST, "reason" => "not_delivered").increment(1);
            tracing::info!(%task, job = %entry.job_id, "the hand-out did not reach its worker");
            inner.parking.wake(
                &entry.task_type,
                entry.wants.as_ref(),
                entry.worker.as_ref(),
            );
            if let Some(holder) = holder {
                inner.parking.wake_worker(&holder);
            }
            inner.timer_set();
        }
    }

    /// Takes a task. One that was leased when its caller went away goes back to the queue.
    async fn take(&self, worker: &WorkerId, types: Arc<[Arc<str>]>) -> Result<Took, EngineError> {
        let (give, taken) = oneshot::channel();
        let (engine, worker) = (self.clone(), worker.clone());
        let work = async move {
            let took = engine.claim(&worker, types).await;
            if let Err(Ok(Took::Task(handout))) = give.send(took) {
                engine.hand_back(handout.task, handout.lease).await;
            }
        };
        Through::new(&self.0.unfinished, work).await;
        taken.await.unwrap_or(Ok(Took::Nothing))
    }

    async fn claim(&self, worker: &WorkerId, types: Arc<[Arc<str>]>) -> Result<Took, EngineError> {
        let inner = &self.0;
        let claim = Claim {
            worker: worker.clone(),
            types,
            lease: inner.entropy.lease_id(),
            now_ms: self.now_ms(),
        };
        loop {
            let (entry, lease) = match inner.store.claim(claim.clone()).await? {
                Claimed::Task(entry, lease) => (entry, lease),
                Claimed::Nothing => return Ok(Took::Nothing),
                Claimed::Full => return Ok(Took::Full),
            };
            let task = entry.task_id;
            match self.hand_out(worker, *entry, &lease).await {
                Ok(None) => {}
                Ok(Some(handout)) => {
                    inner.parking.engaged(worker);
                    inner.timer_set();
                    return Ok(Took::Task(Box::new(handout)));
                }
                // What can't be read now must not stay with a worker that was never told.
                Err(error) => {
                    self.hand_back(task, lease.id).await;
                    return Err(error);
                }
            }
        }
    }

    /// Makes the message for a leased task. A task whose secrets don't open is reported failed.
    async fn hand_out(
        &self,
        worker: &WorkerId,
        entry: QueueEntry,
        lease: &Lease,
    ) -> Result<Option<Handout>, EngineError> {
        let inner = &self.0;
        let Some(task) = inner.store.task(entry.task_id).await? else {
            return Ok(None);
        };
        let params = if task.sealed {
            match self.open_params(&task).await? {
                Ok(params) => params,
                Err(failure) => {
                    self.report_unopened(worker, &entry, lease, &failure)
                        .await?;
                    return Ok(None);
                }
            }
        } else {
            task.params.clone()
        };
        let params = RawValue::from_string(params)
            .map_err(|error| crate::storage::StoreError::broken("read task parameters", error))?;
        metrics::counter!(names::TASKS_LEASED, "type" => task.task_type.clone()).increment(1);
        let message = TaskMessage {
            job_id: entry.job_id,
            task_id: entry.task_id,
            task_type: task.task_type.clone(),
            params,
            tracing_context: tracing_context(&task),
            attempt: entry.attempt,
            lease: Some(lease.id),
            priority: f64::from(entry.priority),
            deadline_at_ms: lease.execution_deadline_ms,
        };
        inner.watchers.tell(entry.job_id);
        Ok(Some(Handout {
            message,
            task: entry.task_id,
            lease: lease.id,
            tied: entry.worker.is_some(),
            wants: entry.wants,
        }))
    }

    async fn open_params(&self, task: &Task) -> Result<Result<String, Failure>, EngineError> {
        let inner = &self.0;
        let Some(job) = inner.store.job(task.job_id).await? else {
            return Err(EngineError::JobNotFound);
        };
        let owner = task.sealed_for.as_ref().unwrap_or(job.owner());
        let opened = serde_json::from_str::<serde_json::Value>(&task.params)
            .map_err(|error| error.to_string())
            .and_then(|mut value| {
                inner
                    .sealer
                    .open_all(&mut value, owner.as_str())
                    .map_err(|error| error.to_string())
                    .map(|()| value.to_string())
            });
        Ok(opened.map_err(|reason| {
            Failure::new(avtomatika_protocol::error::code::PERMANENT, reason)
                .hint("restore the key file this server's data was sealed with")
        }))
    }

    async fn report_unopened(
        &self,
        worker: &WorkerId,
        entry: &QueueEntry,
        lease: &Lease,
        failure: &Failure,
    ) -> Result<(), EngineError> {
        let message = ResultMessage {
            job_id: entry.job_id,
            task_id: entry.task_id,
            worker_id: worker.clone(),
            result: Outcome::failure(failure),
            lease: Some(lease.id),
            want_next: false,
        };
        tracing::error!(task = %entry.task_id, reason = %failure.message, "the secrets of a task don't open");
        match self.accept(message, "failure".to_owned()).await {
            // Cancelled, or given up, in the meantime.
            Ok(_) | Err(EngineError::Ignored(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn seen(&self, worker: &WorkerId) -> Result<Touched, EngineError> {
        let now_ms = self.now_ms();
        self.0
            .store
            .touch(worker, now_ms)
            .await?
            .ok_or(EngineError::UnknownWorker)
    }

    /// The connection a worker's poll was parked on broke: its leases run out soon unless the
    /// worker shows another sign of life.
    pub fn connection_broke(&self, worker: &WorkerId) {
        let inner = &self.0;
        inner.store.suspect(
            worker,
            self.now_ms(),
            inner.settings.broken_connection_grace_ms,
        );
        inner.timer_set();
    }
}
