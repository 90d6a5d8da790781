//! What one event changes, in its job and in those that depend on it: a sub-job it starts, the job
//! it ran for, the sub-jobs nobody waits for any more. All of it becomes one batch.

use std::collections::VecDeque;
use std::sync::Arc;

use avtomatika_protocol::{Failure, JobId, JobStatus};
use serde_json::Value;

use super::documents::Workspace;
use super::door;
use super::draw::Drawer;
use super::engine::Inner;
use super::error::EngineError;
use super::webhook;
use crate::blueprint::{Blueprint, LastTask, State};
use crate::history::HistoryEvent;
use crate::machine::{ChildEnd, Env, Event, Ignored, Job, Next, Note, Spawn, Step, step_on};
use crate::seal;
use crate::storage::{Batch, JobWrite, TaskChange};
use crate::trace::{TraceContext, job_span};

/// Jobs one event may change.
const JOBS_MAX: usize = 4_000;

/// What one event changes.
pub(super) struct Plan<'a> {
    inner: &'a Inner,
    pub(super) workspace: Workspace,
    jobs: Vec<Planned>,
    tasks: Vec<TaskChange>,
    history: Vec<HistoryEvent>,
    todo: VecDeque<(JobId, Event)>,
}

/// A job, before and after.
struct Planned {
    job: Arc<Job>,
    from_version: u64,
    /// When it had ended already, if it had.
    ended_ms: Option<u64>,
    notes: Vec<Note>,
}

impl Inner {
    /// Steps the job and runs handlers until it rests, and so with every job that is concerned.
    pub(super) async fn decide(&self, job: Arc<Job>, event: Event) -> Result<Batch, EngineError> {
        let mut plan = Plan {
            inner: self,
            workspace: Workspace::default(),
            jobs: vec![Planned::from(job)],
            tasks: Vec::new(),
            history: Vec::new(),
            todo: VecDeque::new(),
        };
        plan.advance(0, event).await?;
        while let Some((id, event)) = plan.todo.pop_front() {
            let Some(place) = plan.place_of(id).await? else {
                continue;
            };
            match plan.advance(place, event).await {
                // It has gone on without the sub-job, or has ended by itself.
                Ok(()) | Err(EngineError::Ignored(_)) => {}
                Err(error) => return Err(error),
            }
        }
        plan.into_batch()
    }
}

impl From<Arc<Job>> for Planned {
    fn from(job: Arc<Job>) -> Self {
        Self {
            from_version: job.version,
            ended_ms: job.status.is_terminal().then_some(job.updated_at_ms),
            job,
            notes: Vec::new(),
        }
    }
}

impl Plan<'_> {
    /// Where a job is in the plan; it is read if it isn't there yet.
    async fn place_of(&mut self, id: JobId) -> Result<Option<usize>, EngineError> {
        if let Some(place) = self.jobs.iter().position(|planned| planned.job.id == id) {
            return Ok(Some(place));
        }
        let Some(job) = self.inner.store.job(id).await? else {
            return Ok(None);
        };
        self.jobs.push(Planned::from(job));
        Ok(Some(self.jobs.len() - 1))
    }

    /// Applies an event to one of the plan's jobs.
    async fn advance(&mut self, place: usize, event: Event) -> Result<(), EngineError> {
        let inner = self.inner;
        let Some(planned) = self.jobs.get(place) else {
            return Ok(());
        };
        let job = Arc::clone(&planned.job);
        let blueprint = inner.blueprint_of(&job).await?;
        // One that was set aside and is released lives again, if only until its next end.
        let lived = !job.status.is_terminal() || matches!(event, Event::Released);
        let finishes_task = matches!(event, Event::Reported(_) | Event::Lost(_));
        let cancelled = match &event {
            Event::CancelRequested => inner.cancelled_task(&job).await?,
            _ => None,
        };
        let mut notes = Vec::new();
        let mut current = self.step(job.as_ref().clone(), event, &blueprint)?;
        if finishes_task && let Some(progress) = inner.progress.get(job.id) {
            current.job.phases = progress.phases;
        }
        while current.next == Next::RunHandler {
            self.absorb(&mut current, &mut notes).await?;
            let returned = inner
                .run_handler(&current.job, &blueprint, &mut self.workspace)
                .await?;
            current = self.step(current.job, Event::Returned(returned), &blueprint)?;
        }
        self.absorb(&mut current, &mut notes).await?;
        let Step { job: mut after, .. } = current;
        after.last_task = cancelled.or(after.last_task);
        if let Some(abort) = &blueprint.abort
            && after.status.is_terminal()
            && lived
            && !matches!(blueprint.state(&after.state), Some(State::End(_)))
        {
            inner
                .run_abort(&mut after, abort.as_ref(), &mut self.workspace)
                .await?;
        }
        let has_ended = after.status.is_terminal() && lived;
        if let Some(planned) = self.jobs.get_mut(place) {
            after.version = planned.from_version + 1;
            planned.job = Arc::new(after);
            planned.notes.append(&mut notes);
        }
        if has_ended {
            self.ended(place);
        }
        Ok(())
    }

    fn step(&self, job: Job, event: Event, blueprint: &Blueprint) -> Result<Step, EngineError> {
        let now_ms = self.inner.clock.now_ms();
        let draw = Drawer {
            entropy: &self.inner.entropy,
            now_ms,
        };
        let env = Env {
            now_ms,
            draw: &draw,
            jitter: self.inner.entropy.jitter(),
            transitions_max: self.inner.settings.transitions_max,
        };
        step_on(job, event, blueprint, &env).map_err(EngineError::Ignored)
    }

    /// Takes over what a step wants beside the change of its job.
    async fn absorb(&mut self, step: &mut Step, notes: &mut Vec<Note>) -> Result<(), EngineError> {
        for change in step.tasks.drain(..) {
            self.change_task(change);
        }
        notes.append(&mut step.notes);
        for child in step.stop.drain(..) {
            self.todo.push_back((child, Event::CancelRequested));
        }
        for spawn in std::mem::take(&mut step.spawn) {
            self.spawn(&step.job, spawn).await?;
        }
        if let Some(question) = step.ask.take()
            && let Some(delivery) = webhook::question(self.inner, &step.job, question)
        {
            self.add(delivery);
        }
        if let Some((key, worker)) = step.bind.take() {
            let store = self.inner.store.as_ref();
            self.workspace.bind(store, &key, &worker).await?;
        }
        Ok(())
    }

    /// Takes over a change of a task. One that is finished by the event that queued it has never
    /// been.
    fn change_task(&mut self, change: TaskChange) {
        if let TaskChange::Finish { task, .. } = &change {
            let added = |other: &TaskChange| matches!(other, TaskChange::Add(added, _) if added.id == *task);
            if let Some(place) = self.tasks.iter().position(added) {
                self.tasks.remove(place);
                return;
            }
        }
        self.tasks.push(change);
    }

    /// Makes a sub-job. One that can't be made has failed.
    async fn spawn(&mut self, parent: &Job, spawn: Spawn) -> Result<(), EngineError> {
        let id = spawn.id;
        match self.child(parent, spawn).await {
            Ok(job) => self.add(job),
            Err(EngineError::Store(error)) => return Err(error.into()),
            Err(error) => {
                let failure = match error {
                    EngineError::Refused(failure) => *failure,
                    other => Failure::new("SUB_JOB_REFUSED", other.to_string()),
                };
                let end = ChildEnd {
                    job: id,
                    status: JobStatus::Failed,
                    result: None,
                    failure: Some(failure),
                    outside: false,
                };
                self.todo.push_back((parent.id, Event::ChildEnded(end)));
            }
        }
        Ok(())
    }

    async fn child(&self, parent: &Job, spawn: Spawn) -> Result<Job, EngineError> {
        let inner = self.inner;
        let limit =
            |text: String| EngineError::Refused(Box::new(Failure::new("LIMIT_EXCEEDED", text)));
        if parent.depth >= inner.settings.depth_max {
            return Err(limit(format!(
                "sub-jobs are nested more than {} deep",
                inner.settings.depth_max
            )));
        }
        if self.jobs.len() >= JOBS_MAX {
            return Err(limit(format!(
                "one event would change more than {JOBS_MAX} jobs"
            )));
        }
        let made = self.jobs.iter().filter(|planned| planned.from_version == 0);
        let made = made.count() as u64;
        inner
            .check_live(&parent.client.id, None, made, made)
            .map_err(door::counted)?;
        let blueprint = inner
            .blueprint_for(&spawn.blueprint, spawn.version.as_deref())
            .await?;
        let mut input = blueprint
            .check_input(&parent.client, spawn.input)
            .map_err(|failure| EngineError::Refused(Box::new(failure)))?;
        inner.seal_input(&blueprint, &mut input, &parent.client);
        let now_ms = inner.clock.now_ms();
        let client = Arc::clone(&parent.client);
        let mut job = Job::new(spawn.id, &blueprint, client, input, now_ms);
        job.parent = Some(parent.id);
        job.depth = parent.depth + 1;
        job.labels = Arc::clone(&parent.labels);
        let trace = parent.trace_parent.as_deref().and_then(TraceContext::parse);
        job.trace_parent = trace.map(|trace| trace.at(job_span(parent.id)).header().into());
        Ok(job)
    }

    /// Adds a new job to the plan.
    fn add(&mut self, job: Job) {
        self.todo.push_back((job.id, Event::Submitted));
        self.jobs.push(Planned::from(Arc::new(job)));
    }

    /// Tells whoever waits for the end of a job.
    fn ended(&mut self, place: usize) {
        let Some(planned) = self.jobs.get(place) else {
            return;
        };
        let job = &planned.job;
        if let Some(parent) = job.parent {
            let result = job.result.clone();
            let end = ChildEnd {
                job: job.id,
                status: job.status,
                result: Some(result.unwrap_or_else(|| Value::Object(job.data.clone()))),
                failure: job.failure.clone(),
                outside: job.helped,
            };
            self.todo.push_back((parent, Event::ChildEnded(end)));
        }
        if let Some(delivery) = webhook::end(self.inner, job) {
            self.add(delivery);
        }
    }

    fn into_batch(self) -> Result<Batch, EngineError> {
        let mut history = self.history;
        let keeps_history = self.inner.settings.history || self.inner.observer.is_some();
        let mut jobs = self
            .jobs
            .into_iter()
            .filter(Planned::is_changed)
            .map(|planned| {
                if keeps_history {
                    planned.tell(&mut history);
                }
                (planned.from_version, planned.ended_ms, planned.job)
            });
        let Some((from_version, ended_ms, job)) = jobs.next() else {
            return Err(EngineError::Ignored(Ignored::NotDue));
        };
        let also: Vec<JobWrite> = jobs
            .map(|(from_version, _, job)| JobWrite { job, from_version })
            .collect();
        Ok(Batch {
            revived_from_ms: ended_ms,
            tasks: self.tasks,
            documents: self.workspace.into_changes(),
            also,
            history,
            ..Batch::of(job, from_version)
        })
    }
}

impl Planned {
    fn is_changed(&self) -> bool {
        self.job.version != self.from_version
    }

    /// Makes lines of history of the notes.
    fn tell(&self, history: &mut Vec<HistoryEvent>) {
        let job = &self.job;
        let last = self.notes.len().saturating_sub(1);
        for (n, note) in (0_u16..).zip(&self.notes) {
            let Some(kind) = note.kind else { continue };
            // The last line of a commit says where it left the job.
            let state = if usize::from(n) == last {
                &job.state
            } else {
                &note.state
            };
            let mut details = note.details.clone();
            if let Some(details) = &mut details {
                seal::hide(details);
            }
            let created = kind == crate::history::EventKind::JobCreated;
            history.push(HistoryEvent {
                job_id: job.id,
                version: job.version,
                n,
                at_ms: job.updated_at_ms,
                kind,
                client: job.owner().clone(),
                blueprint: Arc::clone(&job.blueprint),
                blueprint_version: Arc::clone(&job.blueprint_version),
                state: state.clone(),
                previous_state: note.previous_state.clone(),
                status: job.status,
                task_id: note.task,
                task_type: note.task_type.clone(),
                worker: note.worker.clone(),
                attempt: None,
                parent: job.parent,
                failure: note.failure.clone(),
                details,
                created_at_ms: job.created_at_ms,
                labels: (created && !job.labels.is_empty()).then(|| job.labels.as_ref().clone()),
            });
        }
    }
}

impl Inner {
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
}
