//! One event, from the stored job to the committed one.

use std::sync::Arc;

use avtomatika_protocol::{JobId, WorkerId};

use super::documents::Workspace;
use super::engine::Inner;
use super::error::EngineError;
use super::through::Through;
use crate::blueprint::{ActionKind, Blueprint, Context, Handler, HandlerError, LastTask, State};
use crate::machine::{Env, Event, Ignored, Job, Next, Step, step};
use crate::names;
use crate::storage::{Batch, StoreError, TaskChange};

/// How often a step is decided again because something changed under it.
const CONFLICTS_MAX: u32 = 64;
/// How often one handler run may ask for more documents.
const LOADS_MAX: u32 = 8;

/// Where the job comes from.
pub(super) enum Origin {
    /// It is new, at version 0.
    New(Box<Job>),
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
        for _ in 0..CONFLICTS_MAX {
            let job = match &origin {
                Origin::New(job) => Arc::new(job.as_ref().clone()),
                Origin::Stored(id) => self.store.job(*id).await?.ok_or(EngineError::JobNotFound)?,
            };
            let batch = self.decide(&job, event.clone()).await?;
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
                    tokio::task::yield_now().await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Contended)
    }

    /// Commits a batch and wakes whoever waited for it, even if the caller goes away meanwhile.
    async fn commit(self: &Arc<Self>, batch: Batch, event: &Event) -> Result<Arc<Job>, StoreError> {
        let inner = Arc::clone(self);
        let wakes = wakes(&batch, event);
        let work = async move {
            let after = Arc::new(batch.job.clone());
            inner.store.commit(batch).await?;
            inner.committed(&after, &wakes);
            Ok(after)
        };
        Through::new(&self.unfinished, work).await
    }

    /// Steps the job and runs handlers until it rests.
    async fn decide(&self, job: &Job, event: Event) -> Result<Batch, EngineError> {
        let blueprint = self
            .blueprints
            .get(job.blueprint.as_ref())
            .ok_or_else(|| EngineError::UnknownBlueprint(job.blueprint.to_string()))?;
        let finishes_task = matches!(event, Event::Reported { .. } | Event::Lost { .. });
        let cancelled = match &event {
            Event::CancelRequested => self.cancelled_task(job).await?,
            _ => None,
        };
        let mut workspace = Workspace::default();
        let mut tasks: Vec<TaskChange> = Vec::new();
        let mut current = step(job, event, blueprint, &self.env()).map_err(EngineError::Ignored)?;
        if finishes_task && let Some(progress) = self.progress.get(job.id) {
            current.job.phases = progress.phases;
        }
        while current.next == Next::RunHandler {
            tasks.append(&mut current.tasks);
            let returned = self
                .run_handler(&current.job, blueprint, &mut workspace)
                .await?;
            current = step(
                &current.job,
                Event::Returned(returned),
                blueprint,
                &self.env(),
            )
            .map_err(EngineError::Ignored)?;
        }
        tasks.append(&mut current.tasks);
        let Step { job: mut after, .. } = current;
        after.last_task = cancelled.or(after.last_task);
        if let Some(abort) = &blueprint.abort
            && after.status.is_terminal()
            && !matches!(blueprint.state(&after.state), Some(State::End(_)))
        {
            self.run_abort(&mut after, abort.as_ref(), &mut workspace)
                .await?;
        }
        after.version = job.version + 1;
        Ok(Batch {
            job: after,
            from_version: job.version,
            tasks,
            documents: workspace.into_changes(),
        })
    }

    /// Runs the handler of the job's state, loading the documents it asks for.
    async fn run_handler(
        &self,
        job: &Job,
        blueprint: &Blueprint,
        workspace: &mut Workspace,
    ) -> Result<Result<crate::blueprint::Action, HandlerError>, EngineError> {
        let Some(State::Work(handler)) = blueprint.state(&job.state) else {
            return Ok(Err(HandlerError(format!(
                "state '{}' has no handler",
                job.state
            ))));
        };
        self.run(job, handler.as_ref(), workspace).await
    }

    /// Runs a blueprint's last words for a job that ends abruptly. They can't keep it from
    /// ending.
    async fn run_abort(
        &self,
        job: &mut Job,
        abort: &dyn Handler,
        workspace: &mut Workspace,
    ) -> Result<(), EngineError> {
        match self.run(job, abort, workspace).await? {
            Ok(action) => job.data.extend(action.data),
            Err(error) => tracing::warn!(job = %job.id, %error, "the abort handler failed"),
        }
        Ok(())
    }

    /// The task a job that is being cancelled waits for, and who has it.
    async fn cancelled_task(&self, job: &Job) -> Result<Option<LastTask>, EngineError> {
        let Some(work) = &job.work else {
            return Ok(None);
        };
        let entry = self.store.queue_entry(work.task).await?;
        let earlier = job.last_task.as_ref().filter(|_| job.retry_count > 0);
        Ok(Some(LastTask {
            task_type: work.task_type.to_string(),
            status: "cancelled".to_owned(),
            worker: entry
                .and_then(|entry| entry.lease)
                .map(|lease| lease.worker),
            failure: None,
            lost_at: earlier.map(|task| task.lost_at.clone()).unwrap_or_default(),
        }))
    }

    /// Runs a handler, loading the documents it asks for.
    async fn run(
        &self,
        job: &Job,
        handler: &dyn Handler,
        workspace: &mut Workspace,
    ) -> Result<Result<crate::blueprint::Action, HandlerError>, EngineError> {
        for _ in 0..LOADS_MAX {
            let context = Context {
                job_id: job.id,
                state: &job.state,
                input: &job.input,
                data: &job.data,
                client: &job.client,
                last_task: job.last_task.as_ref(),
                documents: &workspace.documents,
                now_ms: self.clock.now_ms(),
            };
            let action = match handler.handle(&context) {
                Ok(action) => action,
                Err(error) => return Ok(Err(error)),
            };
            if let ActionKind::Load(keys) = action.kind {
                workspace.load(self.store.as_ref(), keys).await?;
                continue;
            }
            return Ok(match workspace.write(&action.documents) {
                Ok(()) => Ok(action),
                Err(key) => Err(HandlerError(format!(
                    "the handler wrote document '{}/{}' without loading it first",
                    key.store, key.key
                ))),
            });
        }
        Ok(Err(HandlerError(
            "the handler asked for documents again and again".to_owned(),
        )))
    }

    fn env(&self) -> Env {
        let now_ms = self.clock.now_ms();
        Env {
            now_ms,
            task_id: self.entropy.task_id(now_ms),
            jitter: self.entropy.jitter(),
            transitions_max: self.settings.transitions_max,
        }
    }

    /// Wakes whoever waited for what has just become durable.
    fn committed(&self, job: &Arc<Job>, wakes: &[Wake]) {
        for wake in wakes {
            match wake {
                Wake::Poll(task_type, worker) => self.parking.wake(task_type, worker.as_ref()),
                Wake::Capacity(worker) => self.parking.wake_worker(worker),
                Wake::Timer => self.timer_changed.notify_one(),
                Wake::Progress => self.progress.forget(job.id),
            }
        }
        if job.retry_at_ms.is_some() {
            self.timer_changed.notify_one();
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
}

/// Who is to be told once a batch is durable.
enum Wake {
    /// A poll that takes this type, of this worker if one is named.
    Poll(Arc<str>, Option<WorkerId>),
    /// Polls of a worker that has one task less.
    Capacity(WorkerId),
    /// The clockwork: there is an earlier timer, perhaps.
    Timer,
    /// The board: what was said belongs to an attempt that is over.
    Progress,
}

fn wakes(batch: &Batch, event: &Event) -> Vec<Wake> {
    let mut wakes = Vec::new();
    let ends_attempt = matches!(
        event,
        Event::Reported { .. } | Event::Lost { .. } | Event::CancelRequested
    );
    if ends_attempt {
        let last = batch.job.last_task.as_ref();
        if let Some(worker) = last.and_then(|task| task.worker.clone()) {
            wakes.push(Wake::Capacity(worker));
        }
        wakes.push(Wake::Progress);
    }
    for change in &batch.tasks {
        match change {
            TaskChange::Add(_, entry) => {
                wakes.push(Wake::Poll(
                    Arc::clone(&entry.task_type),
                    entry.worker.clone(),
                ));
                if entry.dispatch_timeout_ms.is_some() {
                    wakes.push(Wake::Timer);
                }
            }
            TaskChange::Retry { ready_at_ms, .. } => {
                // One that is ready at once has no timer; whoever is free may take it now.
                if *ready_at_ms <= batch.job.updated_at_ms
                    && let Some(work) = &batch.job.work
                {
                    wakes.push(Wake::Poll(Arc::clone(&work.task_type), work.worker.clone()));
                }
                wakes.push(Wake::Timer);
            }
            TaskChange::Finish { .. } => {}
        }
    }
    wakes
}

fn lease_of(
    event: &Event,
) -> Option<(
    avtomatika_protocol::TaskId,
    Option<avtomatika_protocol::LeaseId>,
)> {
    match event {
        Event::Reported { task, lease, .. } | Event::Lost { task, lease, .. } => {
            Some((*task, *lease))
        }
        Event::Submitted | Event::Returned(_) | Event::RetryDue | Event::CancelRequested => None,
    }
}
