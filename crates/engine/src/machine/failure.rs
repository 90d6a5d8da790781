//! What the end of a task makes of its job.

use avtomatika_protocol::error::code;
use avtomatika_protocol::{Failure, JobStatus, LeaseId, WorkerId};

use super::step::Step;
use super::{Env, Lost, Work};
use crate::blueprint::{Blueprint, LastTask};
use crate::storage::TaskChange;

/// The worker answered with something that isn't a failure.
pub(super) fn answered(
    step: &mut Step,
    work: &Work,
    status: &str,
    blueprint: &Blueprint,
    env: &Env,
) {
    if let Some(state) = work.transitions.get(status) {
        step.job.failure = None;
        step.enter(state, blueprint, env);
    } else if status == "cancelled" {
        step.end(JobStatus::Cancelled);
    } else {
        step.job.failure = Some(
            Failure::new(
                "UNHANDLED_STATUS",
                format!("Worker returned unhandled status: {status}"),
            )
            .hint("give the dispatch a transition for this status"),
        );
        step.end(JobStatus::Failed);
    }
}

/// The worker reported a failure: its code decides.
pub(super) fn reported(
    step: &mut Step,
    work: Work,
    lease: Option<LeaseId>,
    failure: Failure,
    blueprint: &Blueprint,
    env: &Env,
) {
    match failure.code.as_deref() {
        None | Some(code::TRANSIENT) => {
            try_again(step, work, lease, failure, blueprint, env, false);
        }
        Some(code::PERMANENT) => give_up(step, &work, lease, failure, JobStatus::Quarantined),
        Some(code::INVALID_INPUT) => give_up(step, &work, lease, failure, JobStatus::Failed),
        Some(_) => take_failure_transition(
            step,
            &work,
            lease,
            failure,
            blueprint,
            env,
            JobStatus::Failed,
        ),
    }
}

/// The task was given up without a result.
pub(super) fn lost(
    step: &mut Step,
    work: Work,
    lease: Option<LeaseId>,
    worker: Option<WorkerId>,
    why: Lost,
    blueprint: &Blueprint,
    env: &Env,
) {
    let name = worker.as_ref().map_or("its worker", WorkerId::as_str);
    let failure = match why {
        Lost::LeaseExpired => Failure::new("WORKER_LOST", format!("{name} showed no sign of life")),
        Lost::ExecutionTimeout => Failure::new(
            "EXECUTION_TIMEOUT",
            format!("the attempt at {name} ran too long"),
        ),
        Lost::DispatchTimeout => {
            Failure::new("DISPATCH_TIMEOUT", "no worker took the task in time")
                .hint("start a worker for this task type, or wait longer")
        }
    };
    let earlier = step.earlier_attempt();
    let mut lost_at = earlier
        .as_ref()
        .map(|task| task.lost_at.clone())
        .unwrap_or_default();
    if let Some(worker) = &worker
        && !lost_at.contains(worker)
    {
        lost_at.push(worker.clone());
    }
    // A task nobody took again was last done by whoever had it before.
    let worker = worker.or_else(|| earlier.and_then(|task| task.worker));
    step.job.last_task = Some(LastTask {
        task_type: work.task_type.to_string(),
        status: "failure".to_owned(),
        worker,
        failure: Some(failure.clone()),
        lost_at,
    });
    match why {
        Lost::LeaseExpired => try_again(step, work, lease, failure, blueprint, env, true),
        Lost::ExecutionTimeout => try_again(step, work, lease, failure, blueprint, env, false),
        Lost::DispatchTimeout => take_failure_transition(
            step,
            &work,
            lease,
            failure,
            blueprint,
            env,
            JobStatus::Failed,
        ),
    }
}

fn try_again(
    step: &mut Step,
    work: Work,
    lease: Option<LeaseId>,
    failure: Failure,
    blueprint: &Blueprint,
    env: &Env,
    at_once: bool,
) {
    step.job.retry_count += 1;
    let failures = step.job.retry_count;
    if failures >= work.retry.max_attempts {
        let failure = Failure {
            message: format!("Task failed after {failures} attempts: {}", failure.message),
            ..failure
        };
        take_failure_transition(
            step,
            &work,
            lease,
            failure,
            blueprint,
            env,
            JobStatus::Quarantined,
        );
        return;
    }
    let pause_ms = if at_once {
        0
    } else {
        work.retry.pause_ms(failures, env.jitter)
    };
    step.tasks.push(TaskChange::Retry {
        task: work.task,
        lease,
        ready_at_ms: env.now_ms + pause_ms,
    });
    step.job.failure = Some(failure);
    step.job.status = JobStatus::WaitingForWorker;
    step.job.work = Some(work);
}

fn take_failure_transition(
    step: &mut Step,
    work: &Work,
    lease: Option<LeaseId>,
    failure: Failure,
    blueprint: &Blueprint,
    env: &Env,
    without: JobStatus,
) {
    step.tasks.push(TaskChange::Finish {
        task: work.task,
        lease,
    });
    step.job.failure = Some(failure);
    match work.transitions.get("failure") {
        Some(state) => step.enter(state, blueprint, env),
        None => step.end(without),
    }
}

fn give_up(
    step: &mut Step,
    work: &Work,
    lease: Option<LeaseId>,
    failure: Failure,
    status: JobStatus,
) {
    step.tasks.push(TaskChange::Finish {
        task: work.task,
        lease,
    });
    let message = match status {
        JobStatus::Quarantined => {
            format!("Task failed with permanent error: {}", failure.message)
        }
        _ => format!("Task failed due to invalid input: {}", failure.message),
    };
    step.job.failure = Some(Failure { message, ..failure });
    step.end(status);
}
