//! Why a job waits, and since when.

use avtomatika_protocol::job::{WaitReason, Waiting};
use avtomatika_protocol::{JobStatus, WorkerId};

use super::engine::Inner;
use crate::machine::Job;
use crate::storage::{QueueEntry, StoreError, WorkerView};

impl Inner {
    /// Why this job waits; `None` if it doesn't.
    pub(super) async fn why_waiting(&self, job: &Job) -> Result<Option<Waiting>, StoreError> {
        if job.status == JobStatus::AwaitingRetry {
            return Ok(Some(Waiting {
                reason: WaitReason::BackOff,
                message: format!(
                    "the step failed {} times and waits for its back-off",
                    job.retry_count
                ),
                since_ms: job.updated_at_ms,
                until_ms: job.retry_at_ms,
            }));
        }
        let Some(work) = job.work.as_ref().filter(|_| !job.status.is_terminal()) else {
            return Ok(None);
        };
        let Some(entry) = self.store.queue_entry(work.task).await? else {
            return Ok(None);
        };
        Ok(Some(self.why_task_waits(&entry).await?))
    }

    async fn why_task_waits(&self, entry: &QueueEntry) -> Result<Waiting, StoreError> {
        let now_ms = self.clock.now_ms();
        if let Some(lease) = &entry.lease {
            return Ok(Waiting {
                reason: WaitReason::WithWorker,
                message: format!("worker '{}' has the task", lease.worker),
                since_ms: lease.since_ms,
                until_ms: lease.execution_deadline_ms,
            });
        }
        if entry.ready_at_ms > now_ms {
            return Ok(Waiting {
                reason: WaitReason::BackOff,
                message: "the last attempt failed, the task waits for its back-off".to_owned(),
                since_ms: entry.queued_at_ms,
                until_ms: Some(entry.ready_at_ms),
            });
        }
        let live: Vec<WorkerView> = self
            .store
            .workers()
            .await?
            .into_iter()
            .filter(|worker| worker.last_seen_ms + self.settings.lease_ms > now_ms)
            .collect();
        let (reason, message) = explain(entry, &live);
        Ok(Waiting {
            reason,
            message,
            since_ms: entry.queued_at_ms,
            until_ms: entry.dispatch_deadline_ms(),
        })
    }
}

fn explain(entry: &QueueEntry, live: &[WorkerView]) -> (WaitReason, String) {
    let name = |worker: &WorkerView| worker.record.registration.worker_id.clone();
    let offers = |worker: &&WorkerView| {
        worker
            .record
            .registration
            .supported_tasks
            .iter()
            .any(|task_type| **task_type == *entry.task_type)
    };
    if let Some(wanted) = &entry.worker {
        return if live.iter().any(|worker| name(worker) == *wanted) {
            (
                WaitReason::WorkersBusy,
                format!("worker '{wanted}' is busy"),
            )
        } else {
            (
                WaitReason::WorkerAway,
                format!("worker '{wanted}', which the task is tied to, is away"),
            )
        };
    }
    let able: Vec<WorkerId> = live.iter().filter(offers).map(name).collect();
    if able.is_empty() {
        (
            WaitReason::NoWorker,
            format!("no live worker offers the task type '{}'", entry.task_type),
        )
    } else {
        (
            WaitReason::WorkersBusy,
            format!(
                "all {} workers that offer '{}' are busy",
                able.len(),
                entry.task_type
            ),
        )
    }
}
