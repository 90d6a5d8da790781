//! Taking results from workers.

use std::sync::Arc;

use avtomatika_protocol::error::code;
use avtomatika_protocol::worker::ResultMessage;
use avtomatika_protocol::{Failure, JobId, LeaseId, TaskId};

use super::drive::Origin;
use super::engine::Engine;
use super::error::EngineError;
use super::poll::Handout;
use crate::blueprint::BranchResult;
use crate::machine::{Event, Ignored, Job, Report, Runs, Wait};
use crate::names;

/// What became of a result.
#[derive(Debug)]
pub struct Reported {
    /// Why it changed nothing; `None` if it was accepted.
    pub ignored: Option<Ignored>,
    /// The status it carried.
    pub status: String,
    /// Whether the task was one of several that run side by side.
    pub of_branch: bool,
    /// The next task, if the worker asked for one and one was ready.
    pub next: Option<Handout>,
}

/// Whether a failure speaks against the worker: a business error is an answer like any other, and
/// a bad input is somebody else's.
fn is_fault(failure: &Failure) -> bool {
    matches!(
        failure.code.as_deref(),
        None | Some(code::TRANSIENT | code::PERMANENT)
    )
}

/// Whether a task is or was one of several of the job that run side by side.
fn is_branch(job: &Job, task: TaskId) -> bool {
    let open = match job.wait.as_deref() {
        Some(Wait::Fork(fork)) => fork
            .branches
            .iter()
            .any(|branch| matches!(&branch.runs, Runs::Task(work) if work.task == task)),
        _ => false,
    };
    open || job.branches.iter().any(|branch| branch.task == Some(task))
}

impl Engine {
    /// Takes a result. Accepted means durable. A result from an old lease, another worker or for
    /// a finished job changes nothing and says so.
    ///
    /// # Errors
    /// [`EngineError::JobNotFound`], or why it could not be taken now; it may be sent again.
    pub async fn report(&self, message: ResultMessage) -> Result<Reported, EngineError> {
        let inner = &self.0;
        let status = message.result.status().to_owned();
        let want_next = message.want_next;
        let worker = message.worker_id.clone();
        // A sign of life, whatever becomes of the result.
        let _known = inner.store.touch(&worker, self.now_ms()).await?;
        let (job, task, lease) = (message.job_id, message.task_id, message.lease);
        let (ignored, of_branch) = match self.accept(message, status.clone()).await {
            Ok(after) => (None, is_branch(&after, task)),
            Err(EngineError::Ignored(reason)) => match self.answered(job, lease).await? {
                Some(after) => (None, is_branch(&after, task)),
                None => {
                    metrics::counter!(names::RESULTS_IGNORED, "reason" => reason.as_str())
                        .increment(1);
                    (Some(reason), false)
                }
            },
            Err(error) => return Err(error),
        };
        let next = if want_next {
            self.take_now(&worker).await.unwrap_or(None)
        } else {
            None
        };
        Ok(Reported {
            ignored,
            status,
            of_branch,
            next,
        })
    }

    /// The job, if the last result taken for it was this one: its answer got lost, and the same
    /// result again gets the same answer.
    async fn answered(
        &self,
        job: JobId,
        lease: Option<LeaseId>,
    ) -> Result<Option<Arc<Job>>, EngineError> {
        let Some(lease) = lease else { return Ok(None) };
        let job = self.0.store.job(job).await?;
        let Some(job) = job else { return Ok(None) };
        let of_branch =
            |results: &[BranchResult]| results.iter().any(|result| result.lease == Some(lease));
        let open = match job.wait.as_deref() {
            Some(Wait::Fork(fork)) => fork.branches.iter().any(|branch| {
                let result = branch.result.as_ref().and_then(|result| result.lease);
                result.or(branch.answered) == Some(lease)
            }),
            _ => false,
        };
        let was_this = job.answered == Some(lease) || open || of_branch(&job.branches);
        Ok(was_this.then_some(job))
    }

    /// Commits what a result makes of its job.
    pub(super) async fn accept(
        &self,
        message: ResultMessage,
        status: String,
    ) -> Result<Arc<Job>, EngineError> {
        let lease = self.current_lease(&message).await?;
        let failure = message.result.failure_reported();
        let fault = status == "failure" && is_fault(&failure);
        let worker = message.worker_id.clone();
        let report = Report {
            task: message.task_id,
            lease: Some(lease),
            worker: message.worker_id,
            status,
            data: message.result.data,
            failure,
        };
        let origin = Origin::Stored(message.job_id);
        let after = self.0.drive(origin, Event::Reported(report)).await?;
        self.0.store.note_outcome(&worker, !fault);
        Ok(after)
    }

    /// The lease the result was done under, if it is the current one. The seed era's results
    /// name none: there the lease must be this worker's.
    async fn current_lease(&self, message: &ResultMessage) -> Result<LeaseId, EngineError> {
        let stale = Err(EngineError::Ignored(Ignored::StaleTask));
        let entry = self.0.store.queue_entry(message.task_id).await?;
        let Some(entry) = entry.filter(|entry| entry.job_id == message.job_id) else {
            return match self.0.store.job(message.job_id).await? {
                None => Err(EngineError::JobNotFound),
                Some(job) if job.status.is_terminal() => {
                    Err(EngineError::Ignored(Ignored::JobEnded))
                }
                Some(_) => stale,
            };
        };
        let Some(lease) = entry.lease else {
            return stale;
        };
        let matches = message.lease.is_none_or(|claimed| claimed == lease.id)
            && lease.worker == message.worker_id;
        if matches { Ok(lease.id) } else { stale }
    }
}
