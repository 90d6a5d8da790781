//! Why a job waits, and since when.

use avtomatika_protocol::JobStatus;
use avtomatika_protocol::job::{WaitReason, Waiting};

use super::engine::Inner;
use crate::machine::{Fork, Job, Runs, Wait};
use crate::storage::{QueueEntry, StoreError, WorkerView};

/// Branches of which it is said what they wait for.
const BRANCHES_NAMED: usize = 3;

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
                since_ms: since(job),
                until_ms: job.timer_at_ms,
            }));
        }
        if let Some(wait) = job.wait.as_deref() {
            return self.why_wait(job, wait).await.map(Some);
        }
        let Some(work) = job.work.as_ref().filter(|_| !job.status.is_terminal()) else {
            return Ok(None);
        };
        let Some(entry) = self.store.queue_entry(work.task).await? else {
            return Ok(None);
        };
        let mut why = self.why_task_waits(&entry).await?;
        if why.reason == WaitReason::BackOff {
            why.since_ms = since(job);
        }
        Ok(Some(why))
    }

    async fn why_wait(&self, job: &Job, wait: &Wait) -> Result<Waiting, StoreError> {
        let (reason, message) = match wait {
            Wait::Fork(fork) => (WaitReason::Branches, self.why_fork_waits(fork).await?),
            Wait::Child(child) => (
                WaitReason::SubJob,
                format!(
                    "sub-job {} of '{}' has not ended",
                    child.job, child.blueprint
                ),
            ),
            Wait::Approval(approval) => (
                WaitReason::Approval,
                format!("a person has to decide: {}", approval.message),
            ),
            Wait::Signal(signal) => (
                WaitReason::Event,
                format!("the event '{}' has not come", signal.name),
            ),
            Wait::Sleep { then, .. } => (
                WaitReason::Sleep,
                format!("it goes on in state '{then}' at a set time"),
            ),
        };
        Ok(Waiting {
            reason,
            message,
            since_ms: since(job),
            until_ms: job.timer_at_ms,
        })
    }

    /// What the branches that have not ended wait for, in short.
    async fn why_fork_waits(&self, fork: &Fork) -> Result<String, StoreError> {
        let open: Vec<_> = fork
            .branches
            .iter()
            .filter(|branch| branch.result.is_none())
            .collect();
        let mut parts = Vec::new();
        for branch in open.iter().take(BRANCHES_NAMED) {
            let part = match &branch.runs {
                Runs::Job(job) => format!("'{}': sub-job {job} has not ended", branch.name),
                Runs::Task(work) => match self.store.queue_entry(work.task).await? {
                    Some(entry) => {
                        let why = self.why_task_waits(&entry).await?;
                        format!("'{}': {}", branch.name, why.message)
                    }
                    None => continue,
                },
            };
            parts.push(part);
        }
        if open.len() > BRANCHES_NAMED {
            parts.push(format!("and {} more", open.len() - BRANCHES_NAMED));
        }
        Ok(format!(
            "{} of {} branches have not ended; {}",
            open.len(),
            fork.branches.len(),
            parts.join("; ")
        ))
    }

    async fn why_task_waits(&self, entry: &QueueEntry) -> Result<Waiting, StoreError> {
        let now_ms = self.clock.now_ms();
        if let Some(lease) = &entry.lease {
            return Ok(Waiting {
                reason: WaitReason::WithWorker,
                message: format!("worker '{}' has the task", lease.worker),
                since_ms: lease.since_ms,
                until_ms: earliest(lease.execution_deadline_ms, entry.result_deadline_ms()),
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
        let (reason, message) = explain(entry, &live, now_ms);
        Ok(Waiting {
            reason,
            message,
            // A task that was tried before waits since it was ready again.
            since_ms: entry.ready_at_ms,
            until_ms: earliest(entry.dispatch_deadline_ms(), entry.result_deadline_ms()),
        })
    }
}

/// Since when the job waits for what it waits for. Jobs of an earlier version did not note it.
fn since(job: &Job) -> u64 {
    job.waits_since_ms.unwrap_or(job.updated_at_ms)
}

fn earliest(one_ms: Option<u64>, other_ms: Option<u64>) -> Option<u64> {
    one_ms.into_iter().chain(other_ms).min()
}

/// Whether a worker could take one more task. One that does not say how many it takes is taken to
/// do one at a time.
fn has_room(worker: &WorkerView, task_type: &str) -> bool {
    let most = worker.record.registration.max_concurrent_tasks.unwrap_or(1);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let full_of = &worker.standing.full_of;
    worker.leased.len() < most && !full_of.iter().any(|full| full == task_type)
}

/// What keeps workers that could do a task from having it: they are full, or they don't ask.
fn not_taken(able: &[&WorkerView], task_type: &str, now_ms: u64) -> (WaitReason, String) {
    let idle = able.iter().filter(|worker| has_room(worker, task_type));
    let Some(latest) = idle.clone().max_by_key(|worker| worker.last_seen_ms) else {
        let text = match able {
            [one] => format!(
                "worker '{}', the only one that offers '{task_type}', is busy",
                one.record.registration.worker_id
            ),
            _ => format!(
                "all {} workers that offer '{task_type}' are busy",
                able.len()
            ),
        };
        return (WaitReason::WorkersBusy, text);
    };
    let text = format!(
        "{} of {} workers that offer '{task_type}' could take it, but do not ask for it; the last sign of life was that of '{}' {} s ago",
        idle.count(),
        able.len(),
        latest.record.registration.worker_id,
        now_ms.saturating_sub(latest.last_seen_ms) / 1_000
    );
    (WaitReason::WorkersSilent, text)
}

fn explain(entry: &QueueEntry, live: &[WorkerView], now_ms: u64) -> (WaitReason, String) {
    let name = |worker: &WorkerView| worker.record.registration.worker_id.clone();
    let offers = |worker: &&WorkerView| {
        worker
            .record
            .registration
            .supported_tasks
            .iter()
            .any(|task_type| **task_type == *entry.task_type)
    };
    let suits = |worker: &WorkerView| {
        let profile = &worker.standing.profile;
        let wants = entry.wants.as_ref();
        wants.is_none_or(|wants| profile.suits(&entry.task_type, wants))
    };
    if let Some(wanted) = &entry.worker {
        let Some(worker) = live.iter().find(|worker| name(worker) == *wanted) else {
            return (
                WaitReason::WorkerAway,
                format!("worker '{wanted}', which the task is tied to, is away"),
            );
        };
        return if offers(&worker) && suits(worker) {
            match not_taken(&[worker], &entry.task_type, now_ms) {
                (WaitReason::WorkersBusy, _) => (
                    WaitReason::WorkersBusy,
                    format!("worker '{wanted}', which the task is tied to, is busy"),
                ),
                silent => silent,
            }
        } else {
            (
                WaitReason::NoneFits,
                format!(
                    "worker '{wanted}', which the task is tied to, does not offer '{}' or has not what it requires",
                    entry.task_type
                ),
            )
        };
    }
    let offering: Vec<&WorkerView> = live.iter().filter(offers).collect();
    let able: Vec<&WorkerView> = offering
        .iter()
        .filter(|worker| suits(worker))
        .copied()
        .collect();
    if able.is_empty() && !offering.is_empty() {
        return (
            WaitReason::NoneFits,
            format!(
                "{} '{}', but none has what the task requires: {}",
                match offering.len() {
                    1 => "1 worker offers".to_owned(),
                    count => format!("{count} workers offer"),
                },
                entry.task_type,
                entry
                    .wants
                    .as_ref()
                    .map_or_else(String::new, |wants| wants.key())
            ),
        );
    }
    if able.is_empty() {
        (
            WaitReason::NoWorker,
            format!("no live worker offers the task type '{}'", entry.task_type),
        )
    } else {
        not_taken(&able, &entry.task_type, now_ms)
    }
}
