//! One event, from the stored job to the committed one.

use std::sync::Arc;

use avtomatika_protocol::{JobId, LeaseId, TaskId, WorkerId};

use super::engine::Inner;
use super::error::EngineError;
use super::pushes::Push;
use super::through::Through;
use crate::blueprint::Wants;
use crate::machine::{Event, Ignored, Job};
use crate::names;
use crate::storage::{Batch, Spend, StoreError, TaskChange};

/// How often a step is decided again because something changed under it.
const CONFLICTS_MAX: u32 = 64;

/// Where the job comes from.
pub(super) enum Origin {
    /// It is new, at version 0.
    New(Arc<Job>, Option<Spend>),
    /// It is in the store.
    Stored(JobId),
}

impl Inner {
    /// Applies an event to a job and commits what comes of it. Decides again when the job or a
    /// document changed in between.
    pub(super) async fn drive(
        self: &Arc<Self>,
        origin: Origin,
        event: Event,
    ) -> Result<Arc<Job>, EngineError> {
        // Those who met a change under them wait for each other, so that each gets its turn.
        let mut turn = None;
        for _ in 0..CONFLICTS_MAX {
            let (job, spend) = match &origin {
                Origin::New(job, spend) => (Arc::clone(job), spend.clone()),
                Origin::Stored(id) => {
                    let job = self.store.job(*id).await?.ok_or(EngineError::JobNotFound)?;
                    (job, None)
                }
            };
            let mut batch = self.decide(Arc::clone(&job), event.clone()).await?;
            batch.spend = spend;
            match self.commit(batch, &event).await {
                Ok(after) => return Ok(after),
                Err(StoreError::Conflict { what }) => {
                    metrics::counter!(names::COMMIT_CONFLICTS, "what" => what).increment(1);
                    // A result or time-out whose lease ended in between is stale, not contended.
                    if let Some((task, Some(lease))) = lease_of(&event) {
                        let entry = self.store.queue_entry(task).await?;
                        let current = entry.and_then(|entry| entry.lease).map(|lease| lease.id);
                        if current != Some(lease) {
                            return Err(EngineError::Ignored(Ignored::StaleTask));
                        }
                    }
                    if turn.is_none() {
                        turn = Some(self.turns.take(job.parent.unwrap_or(job.id)).await);
                    }
                    tokio::task::yield_now().await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Contended)
    }

    /// Commits a batch and wakes whoever waited for it, even if the caller goes away meanwhile.
    async fn commit(
        self: &Arc<Self>,
        mut batch: Batch,
        event: &Event,
    ) -> Result<Arc<Job>, StoreError> {
        let inner = Arc::clone(self);
        let told = match &self.observer {
            Some(_) if self.settings.history => batch.history.clone(),
            Some(_) => std::mem::take(&mut batch.history),
            None => Vec::new(),
        };
        let wakes = self.wakes(&batch, event).await?;
        let work = async move {
            let jobs: Vec<Arc<Job>> = batch.jobs().map(|(job, _)| Arc::clone(job)).collect();
            let after = Arc::clone(&batch.job);
            let tells = !batch.history.is_empty();
            inner.store.commit(batch).await?;
            inner.wake(wakes);
            for job in &jobs {
                inner.committed(job);
            }
            if tells {
                inner.outbox_changed.notify_one();
            }
            if let Some(observer) = &inner.observer {
                observer.committed(&jobs, &told);
            }
            Ok(after)
        };
        Through::new(&self.unfinished, work).await
    }

    /// Wakes whoever waited for what has just become durable.
    fn wake(&self, wakes: Vec<Wake>) {
        for wake in wakes {
            match wake {
                Wake::Poll(task_type, wants, worker) => {
                    self.parking
                        .wake(&task_type, wants.as_ref(), worker.as_ref());
                }
                Wake::Capacity(worker) => self.parking.freed(&worker),
                Wake::Timer => self.timer_set(),
                Wake::Progress(job) => self.progress.forget(job),
                Wake::Cancelled(worker, push) => self.pushes.send(&worker, push),
            }
        }
    }

    /// What there is to do once a change of a job is durable.
    fn committed(&self, job: &Job) {
        if job.timer_at_ms.is_some() {
            self.timer_set();
        }
        if job.status.is_terminal() {
            metrics::counter!(
                names::JOBS_ENDED,
                "blueprint" => job.blueprint.to_string(),
                "status" => job.status.as_str()
            )
            .increment(1);
            #[expect(
                clippy::cast_precision_loss,
                reason = "a duration in ms is far below 2^52"
            )]
            let seconds = job.updated_at_ms.saturating_sub(job.created_at_ms) as f64 / 1_000.0;
            metrics::histogram!(names::JOB_SECONDS, "blueprint" => job.blueprint.to_string())
                .record(seconds);
        }
        self.watchers.tell(job.id);
    }

    /// Who is to be told once the batch is durable.
    async fn wakes(&self, batch: &Batch, event: &Event) -> Result<Vec<Wake>, StoreError> {
        let mut wakes = Vec::new();
        match event {
            Event::Reported(report) => wakes.push(Wake::Capacity(report.worker.clone())),
            Event::Lost(loss) => wakes.extend(loss.worker.clone().map(Wake::Capacity)),
            _ => {}
        }
        if matches!(
            event,
            Event::Reported(_) | Event::Lost(_) | Event::CancelRequested
        ) {
            wakes.push(Wake::Progress(batch.job.id));
        }
        for change in &batch.tasks {
            match change {
                TaskChange::Add(_, entry) => {
                    wakes.push(Wake::Poll(
                        Arc::clone(&entry.task_type),
                        entry.wants.clone(),
                        entry.worker.clone(),
                    ));
                    if entry.dispatch_timeout_ms.is_some() || entry.result_timeout_ms.is_some() {
                        wakes.push(Wake::Timer);
                    }
                }
                TaskChange::Retry {
                    task, ready_at_ms, ..
                } => {
                    // One that is ready at once has no timer; whoever is free may take it now.
                    if *ready_at_ms <= batch.job.updated_at_ms
                        && let Some(entry) = self.store.queue_entry(*task).await?
                    {
                        wakes.push(Wake::Poll(entry.task_type, entry.wants, entry.worker));
                    }
                    wakes.push(Wake::Timer);
                }
                TaskChange::Finish { task, lease: None } => {
                    let entry = self.store.queue_entry(*task).await?;
                    let job = entry.as_ref().map(|entry| entry.job_id);
                    let lease = entry.and_then(|entry| entry.lease);
                    if let (Some(job), Some(lease)) = (job, lease) {
                        wakes.push(Wake::Capacity(lease.worker.clone()));
                        let push = Push::Cancel { job, task: *task };
                        wakes.push(Wake::Cancelled(lease.worker, push));
                    }
                }
                TaskChange::Finish { .. } => {}
            }
        }
        Ok(wakes)
    }
}

/// Who is to be told once a batch is durable.
enum Wake {
    /// A poll that takes this type and has what the task wants, of this worker if one is named.
    Poll(Arc<str>, Option<Arc<Wants>>, Option<WorkerId>),
    /// Polls of a worker that has one task less.
    Capacity(WorkerId),
    /// The clockwork: there is an earlier timer, perhaps.
    Timer,
    /// The board: what was said belongs to an attempt that is over.
    Progress(JobId),
    /// A worker whose task nobody waits for any more.
    Cancelled(WorkerId, Push),
}

fn lease_of(event: &Event) -> Option<(TaskId, Option<LeaseId>)> {
    match event {
        Event::Reported(report) => Some((report.task, report.lease)),
        Event::Lost(loss) => Some((loss.task, loss.lease)),
        _ => None,
    }
}
