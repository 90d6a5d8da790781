//! What the end of an attempt makes of the job that waits for its task.

use avtomatika_protocol::{Failure, JobStatus, TaskId, WorkerId};
use serde_json::Value;

use super::step::{Note, Step};
use super::verdict::{self, Verdict};
use super::{Env, Ignored, Loss, Lost, Report, Work, fork};
use crate::blueprint::{Blueprint, LastTask};
use crate::history::EventKind;
use crate::storage::TaskChange;

/// A worker reported a result.
pub(super) fn reported(
    step: &mut Step,
    report: Report,
    blueprint: &Blueprint,
    env: &Env<'_>,
) -> Result<(), Ignored> {
    let Some(work) = take_work(step, report.task) else {
        return fork::reported(step, report, blueprint, env);
    };
    step.helped();
    step.job.answered = report.lease;
    let earlier = earlier_attempt(step);
    step.job.last_task = Some(LastTask {
        task_type: work.task_type.to_string(),
        status: report.status.clone(),
        worker: Some(report.worker.clone()),
        failure: (report.status == "failure").then(|| report.failure.clone()),
        lost_at: earlier.map(|task| task.lost_at).unwrap_or_default(),
    });
    if report.status == "failure" {
        step.job.retry_count += 1;
        let verdict = verdict::of_report(&work, step.job.retry_count, report.failure, env);
        carry_out(
            step,
            work,
            verdict,
            report.lease,
            Some(report.worker),
            blueprint,
            env,
        );
        return Ok(());
    }
    step.tasks.push(TaskChange::Finish {
        task: report.task,
        lease: report.lease,
    });
    step.note(Note {
        details: status_detail(&report.status),
        ..about(EventKind::TaskFinished, &work, Some(report.worker.clone()))
    });
    if report.status == "success"
        && let Some(key) = &work.affinity
    {
        step.bind = Some((key.clone(), report.worker));
    }
    keep(step, &work, report.data);
    answered(step, &work, &report.status, blueprint, env);
    Ok(())
}

/// The attempt was given up without a result.
pub(super) fn lost(
    step: &mut Step,
    loss: Loss,
    blueprint: &Blueprint,
    env: &Env<'_>,
) -> Result<(), Ignored> {
    let Some(work) = take_work(step, loss.task) else {
        return fork::lost(step, loss, blueprint, env);
    };
    let who = loss.worker.as_ref().map_or("its worker", WorkerId::as_str);
    let earlier = earlier_attempt(step);
    step.job.retry_count += u32::from(counts(loss.why));
    let verdict = verdict::of_loss(&work, step.job.retry_count, loss.why, who, env);
    let (Verdict::Again { failure, .. } | Verdict::Answer(failure, _) | Verdict::Final(failure, _)) =
        &verdict;
    let failure = failure.clone();
    let mut lost_at = earlier
        .as_ref()
        .map(|task| task.lost_at.clone())
        .unwrap_or_default();
    if let Some(worker) = &loss.worker
        && !lost_at.contains(worker)
    {
        lost_at.push(worker.clone());
    }
    step.note(Note {
        failure: Some(failure.clone()),
        ..about(EventKind::TaskLost, &work, loss.worker.clone())
    });
    // A task nobody took again was last done by whoever had it before.
    let worker = loss.worker.or_else(|| earlier.and_then(|task| task.worker));
    step.job.last_task = Some(LastTask {
        task_type: work.task_type.to_string(),
        status: "failure".to_owned(),
        worker,
        failure: Some(failure),
        lost_at,
    });
    carry_out(step, work, verdict, loss.lease, None, blueprint, env);
    Ok(())
}

/// Whether a loss is a failed attempt, or the end of patience.
pub(super) fn counts(why: Lost) -> bool {
    matches!(why, Lost::LeaseExpired | Lost::ExecutionTimeout)
}

/// A line about a task.
pub(super) fn about(kind: EventKind, work: &Work, worker: Option<WorkerId>) -> Note {
    Note {
        task: Some(work.task),
        task_type: Some(std::sync::Arc::clone(&work.task_type)),
        worker,
        ..Note::of(kind)
    }
}

/// What there is to say of a result beyond its success.
pub(super) fn status_detail(status: &str) -> Option<Value> {
    (status != "success").then(|| serde_json::json!({"status": status}))
}

fn take_work(step: &mut Step, task: TaskId) -> Option<Work> {
    let work = step.job.work.take();
    if work.as_ref().is_some_and(|work| work.task == task) {
        return work;
    }
    step.job.work = work;
    None
}

/// How the task that has just been tried again went before.
fn earlier_attempt(step: &mut Step) -> Option<LastTask> {
    let last = step.job.last_task.take();
    last.filter(|_| step.job.retry_count > 0)
}

/// Keeps what a result carried.
fn keep(step: &mut Step, work: &Work, data: Option<Value>) {
    match (&work.save_as, data) {
        (Some(key), data) => {
            step.job
                .data
                .insert(key.clone(), data.unwrap_or(Value::Null));
        }
        (None, Some(Value::Object(data))) => step.job.data.extend(data),
        (None, _) => {}
    }
}

/// The worker answered with something that isn't a failure.
fn answered(step: &mut Step, work: &Work, status: &str, blueprint: &Blueprint, env: &Env<'_>) {
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

fn carry_out(
    step: &mut Step,
    work: Work,
    verdict: Verdict,
    lease: Option<avtomatika_protocol::LeaseId>,
    worker: Option<WorkerId>,
    blueprint: &Blueprint,
    env: &Env<'_>,
) {
    match verdict {
        Verdict::Again {
            ready_at_ms,
            failure,
        } => {
            step.note(Note {
                failure: Some(failure.clone()),
                ..about(EventKind::TaskRetried, &work, worker)
            });
            step.tasks.push(TaskChange::Retry {
                task: work.task,
                lease,
                ready_at_ms,
            });
            step.job.failure = Some(failure);
            step.job.status = JobStatus::WaitingForWorker;
            step.job.waits_since_ms = Some(env.now_ms);
            step.job.work = Some(work);
        }
        Verdict::Answer(failure, without) => {
            finish_failed(step, &work, lease, worker, failure);
            match work.transitions.get("failure") {
                Some(state) => step.enter(state, blueprint, env),
                None => step.end(without),
            }
        }
        Verdict::Final(failure, status) => {
            finish_failed(step, &work, lease, worker, failure);
            step.end(status);
        }
    }
}

fn finish_failed(
    step: &mut Step,
    work: &Work,
    lease: Option<avtomatika_protocol::LeaseId>,
    worker: Option<WorkerId>,
    failure: Failure,
) {
    step.tasks.push(TaskChange::Finish {
        task: work.task,
        lease,
    });
    step.note(Note {
        failure: Some(failure.clone()),
        ..about(EventKind::TaskFailed, work, worker)
    });
    step.job.failure = Some(failure);
}
