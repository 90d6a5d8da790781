//! What the engine shows.

use std::sync::Arc;
use std::time::Duration;

use avtomatika_protocol::job::{ApprovalView, BranchView, JobView};
use avtomatika_protocol::{ClientId, JobId, JobStatus};
use serde_json::Value;

use super::engine::{Engine, Inner};
use super::error::EngineError;
use super::webhook::INTERNAL_WORKERS;
use crate::blueprint::{BranchResult, TIMEOUT};
use crate::machine::{Approval, BranchState, Job, Runs, Wait};
use crate::seal;
use crate::storage::{QueueCounts, StoreError, WorkerView};

/// Bytes of bodies after which a page of jobs ends.
pub const PAGE_BYTES: usize = 4 << 20;
/// Jobs read from the store at once.
const CHUNK: usize = 16;

/// About what a value takes: the texts in it.
fn text_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(text_bytes).sum(),
        Value::Object(map) => map
            .iter()
            .map(|(key, inner)| key.len() + text_bytes(inner))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

/// About what the bodies of a job take.
pub(super) fn view_bytes(view: &JobView) -> usize {
    let gathered = view.state_history.values().map(text_bytes);
    text_bytes(&view.initial_data) + gathered.sum::<usize>()
}

/// Figures for metrics and health.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Tasks queued and running, by type.
    pub queue: QueueCounts,
    /// Jobs that have not ended.
    pub live_jobs: u64,
    /// Polls parked.
    pub parked_polls: usize,
    /// Workers alive.
    pub live_workers: usize,
    /// Whether the store is read-only because its disk is full.
    pub store_full: bool,
}

impl Engine {
    /// Reads a job of this client. With `wait`, answers when the job has ended or changed
    /// visibly, or when the time is up.
    ///
    /// # Errors
    /// [`EngineError::JobNotFound`] for a job that isn't there or isn't this client's.
    pub async fn job(
        &self,
        client: &ClientId,
        id: JobId,
        wait: Option<Duration>,
    ) -> Result<JobView, EngineError> {
        self.job_for(Some(client), id, wait).await
    }

    /// As [`Self::job`]. Without a client: whoever asks may read any job.
    ///
    /// # Errors
    /// Those of [`Self::job`].
    pub async fn job_for(
        &self,
        client: Option<&ClientId>,
        id: JobId,
        wait: Option<Duration>,
    ) -> Result<JobView, EngineError> {
        let inner = &self.0;
        let Some(wait) = wait else {
            let job = self.owned(client, id).await?;
            return Ok(inner.view(&job).await?);
        };
        let watch = inner.watchers.watch(id);
        let deadline = tokio::time::Instant::now() + wait;
        let mut first = None;
        loop {
            let changed = watch.changed();
            let job = self.owned(client, id).await?;
            let phases = inner
                .progress
                .get(id)
                .map_or(0, |progress| progress.phases.len());
            let now = (job.version, phases);
            if job.status.is_terminal() || first.is_some_and(|first| first != now) {
                return Ok(inner.view(&job).await?);
            }
            first = first.or(Some(now));
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(deadline) => return Ok(inner.view(&job).await?),
                () = inner.draining.cancelled() => return Ok(inner.view(&job).await?),
            }
        }
    }

    /// Waits for a job to end. Answers its status, or `None` if it hasn't ended in time.
    ///
    /// For programs that embed the engine; it doesn't ask whose job it is.
    ///
    /// # Errors
    /// [`EngineError::JobNotFound`], or when the store failed.
    pub async fn ended(&self, id: JobId, wait: Duration) -> Result<Option<JobStatus>, EngineError> {
        let inner = &self.0;
        let watch = inner.watchers.watch(id);
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let changed = watch.changed();
            let job = inner.store.job(id).await?.ok_or(EngineError::JobNotFound)?;
            if job.status.is_terminal() {
                return Ok(Some(job.status));
            }
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(deadline) => return Ok(None),
            }
        }
    }

    /// Lists the newest jobs of a client. A page ends early once it holds [`PAGE_BYTES`] of bodies,
    /// but never empty while there is one.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn jobs(
        &self,
        client: &ClientId,
        limit: usize,
        offset: usize,
    ) -> Result<Vec<JobView>, EngineError> {
        let (mut views, mut bytes) = (Vec::new(), 0);
        while views.len() < limit && bytes < PAGE_BYTES {
            let wanted = (limit - views.len()).min(CHUNK);
            let chunk = self.0.store.jobs_of(client, wanted, offset + views.len());
            let chunk = chunk.await?;
            let is_last = chunk.len() < wanted;
            for job in chunk {
                if bytes >= PAGE_BYTES {
                    break;
                }
                let view = self.0.view(&job).await?;
                bytes += view_bytes(&view);
                views.push(view);
            }
            if is_last {
                break;
            }
            tokio::task::yield_now().await;
        }
        Ok(views)
    }

    /// The workers that showed a sign of life lately, without those inside the server.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn live_workers(&self) -> Result<Vec<WorkerView>, EngineError> {
        let now_ms = self.now_ms();
        let mut workers = self.0.store.workers().await?;
        workers.retain(|worker| {
            let name = worker.record.registration.worker_id.as_str();
            worker.last_seen_ms + self.0.settings.lease_ms > now_ms
                && !name.starts_with(INTERNAL_WORKERS)
        });
        workers.sort_by(|a, b| {
            a.record
                .registration
                .worker_id
                .cmp(&b.record.registration.worker_id)
        });
        Ok(workers)
    }

    /// Figures for metrics and health.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn stats(&self) -> Result<Stats, EngineError> {
        let store = &self.0.store;
        Ok(Stats {
            queue: store.counts(),
            live_jobs: store.live_jobs(),
            parked_polls: self.0.parking.len(),
            live_workers: self.live_workers().await?.len(),
            store_full: store.is_full(),
        })
    }

    /// Whether the store is read-only because its disk is full.
    pub fn store_is_full(&self) -> bool {
        self.0.store.is_full()
    }
}

impl Inner {
    pub(super) async fn view(&self, job: &Arc<Job>) -> Result<JobView, StoreError> {
        let mut input = job.input.as_ref().clone();
        seal::hide(&mut input);
        let mut data = Value::Object(job.data.clone());
        seal::hide(&mut data);
        let state_history = match data {
            Value::Object(map) => map,
            _ => serde_json::Map::new(),
        };
        let progress = self.progress.get(job.id).unwrap_or_default();
        let wait = job.wait.as_deref();
        let work = job.work.as_ref();
        let entry = match work {
            Some(work) => self.store.queue_entry(work.task).await?,
            None => None,
        };
        Ok(JobView {
            id: job.id,
            blueprint_name: job.blueprint.to_string(),
            blueprint_version: job.blueprint_version.to_string(),
            current_state: job.state.clone(),
            status: job.status,
            initial_data: input,
            state_history,
            retry_count: job.retry_count,
            error_message: job.failure.as_ref().map(|failure| failure.message.clone()),
            error: job.failure.clone(),
            current_task_id: work.map(|work| work.task),
            current_task_type: work.map(|work| work.task_type.to_string()),
            task_worker_id: entry
                .and_then(|entry| entry.lease)
                .map(|lease| lease.worker)
                .or_else(|| job.last_task.as_ref().and_then(|task| task.worker.clone())),
            waiting: self.why_waiting(job).await?,
            progress: progress.fraction,
            progress_message: progress.message,
            phases: if progress.phases.is_empty() {
                job.phases.clone()
            } else {
                progress.phases
            },
            result: job.result.clone().map(hidden),
            labels: job.labels.as_ref().clone(),
            parent_job_id: job.parent,
            child_job_id: match wait {
                Some(Wait::Child(child)) => Some(child.job),
                _ => job.child.as_ref().map(|child| child.job),
            },
            branches: self.branches(job).await?,
            approval: match wait {
                Some(Wait::Approval(approval)) => Some(ApprovalView {
                    message: approval.message.clone(),
                    decisions: decisions(approval),
                }),
                _ => None,
            },
            decisions: job.decisions.clone(),
            rerun_of: job.rerun_of,
            created_at_ms: job.created_at_ms,
            updated_at_ms: job.updated_at_ms,
        })
    }
}

impl Inner {
    /// The branches that run or wait for a worker, or those of the last time.
    async fn branches(&self, job: &Job) -> Result<Vec<BranchView>, StoreError> {
        let mut branches = branches(job);
        if matches!(job.wait.as_deref(), Some(Wait::Fork(_))) {
            for branch in branches.iter_mut().filter(|it| it.status == RUNNING) {
                let Some(task) = branch.task_id else { continue };
                let entry = self.store.queue_entry(task).await?;
                if entry.is_some_and(|entry| entry.lease.is_none()) {
                    "queued".clone_into(&mut branch.status);
                }
            }
        }
        Ok(branches)
    }
}

/// The status of a branch that has not ended.
const RUNNING: &str = "running";

/// The value without its secrets.
fn hidden(mut value: Value) -> Value {
    seal::hide(&mut value);
    value
}

/// The decisions a person may make.
fn decisions(approval: &Approval) -> Vec<String> {
    let all = approval.transitions.keys();
    all.filter(|name| *name != TIMEOUT).cloned().collect()
}

/// The branches that run, or those of the last time.
fn branches(job: &Job) -> Vec<BranchView> {
    let of_result = |result: &BranchResult| BranchView {
        name: result.name.clone(),
        status: result.status.clone(),
        task_id: result.task,
        job_id: result.job,
        data: result.data.clone().map(hidden),
        failure: result.failure.clone(),
    };
    let Some(Wait::Fork(fork)) = job.wait.as_deref() else {
        return job.branches.iter().map(of_result).collect();
    };
    let of_branch = |branch: &BranchState| match &branch.result {
        Some(result) => of_result(result),
        None => BranchView {
            name: branch.name.clone(),
            status: RUNNING.to_owned(),
            task_id: match &branch.runs {
                Runs::Task(work) => Some(work.task),
                Runs::Job(_) => None,
            },
            job_id: match &branch.runs {
                Runs::Job(job) => Some(*job),
                Runs::Task(_) => None,
            },
            data: None,
            failure: None,
        },
    };
    fork.branches.iter().map(of_branch).collect()
}
