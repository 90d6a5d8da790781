//! Sub-jobs: starting them, and going on when they have ended.

use avtomatika_protocol::{Failure, JobStatus};
use serde_json::json;

use super::returned::spawn_job;
use super::step::{Note, Step};
use super::{Child, ChildEnd, Env, Ignored, Wait, fork};
use crate::blueprint::{Blueprint, BranchResult, ChildResult, RunBlueprint, TIMEOUT};
use crate::history::EventKind;

/// Starts a sub-job and waits for it.
pub(super) fn start(step: &mut Step, run: RunBlueprint, env: &Env<'_>) {
    let (blueprint, transitions) = (run.blueprint.clone(), run.transitions.clone());
    let (save_as, timeout_ms) = (run.save_as.clone(), run.timeout_ms);
    let job = spawn_job(step, run, env);
    step.job.retry_count = 0;
    step.job.phases.clear();
    step.job.status = JobStatus::WaitingForSubJob;
    step.job.waits_since_ms = Some(env.now_ms);
    step.job.timer_at_ms = timeout_ms.map(|limit| env.now_ms.saturating_add(limit));
    step.job.wait = Some(Box::new(Wait::Child(Child {
        job,
        blueprint,
        transitions,
        save_as,
    })));
}

/// A sub-job has ended. Whoever waits for another one, or no more, is not resumed by it.
pub(super) fn ended(
    step: &mut Step,
    end: ChildEnd,
    blueprint: &Blueprint,
    env: &Env<'_>,
) -> Result<(), Ignored> {
    match step.job.wait.take().map(|wait| *wait) {
        Some(Wait::Child(child)) if child.job == end.job => {
            reset_guard(step, &end);
            let result = ChildResult {
                job: end.job,
                blueprint: child.blueprint.clone(),
                status: end.status.as_str().to_owned(),
                result: end.result,
                failure: end.failure,
            };
            resume(step, child, result, blueprint, env);
            Ok(())
        }
        Some(Wait::Fork(mut parallel)) => {
            let place = parallel.by_job(end.job).ok_or(Ignored::StaleChild)?;
            reset_guard(step, &end);
            let branch = &mut parallel.branches[place];
            let status = match end.status {
                JobStatus::Completed => "success",
                JobStatus::Cancelled => "cancelled",
                _ => "failure",
            };
            branch.result = Some(BranchResult {
                status: status.to_owned(),
                data: end.result,
                failure: end.failure,
                ..fork::blank(branch)
            });
            let branch = branch.clone();
            fork::note_end(step, &branch);
            fork::settle(step, parallel, blueprint, env);
            Ok(())
        }
        _ => Err(Ignored::StaleChild),
    }
}

/// The sub-job took too long: it is stopped, and the job goes on without it.
pub(super) fn timed_out(step: &mut Step, child: Child, blueprint: &Blueprint, env: &Env<'_>) {
    step.stop.push(child.job);
    let result = ChildResult {
        job: child.job,
        blueprint: child.blueprint.clone(),
        status: TIMEOUT.to_owned(),
        result: None,
        failure: Some(Failure::new(
            "SUB_JOB_TIMEOUT",
            format!("the sub-job '{}' did not end in time", child.blueprint),
        )),
    };
    resume(step, child, result, blueprint, env);
}

/// What ended without help from outside is no help from outside.
fn reset_guard(step: &mut Step, end: &ChildEnd) {
    if end.outside {
        step.helped();
    }
}

fn resume(
    step: &mut Step,
    child: Child,
    result: ChildResult,
    blueprint: &Blueprint,
    env: &Env<'_>,
) {
    step.note(Note {
        failure: result.failure.clone(),
        details: Some(json!({
            "job_id": result.job, "blueprint": result.blueprint, "status": result.status,
        })),
        ..Note::of(EventKind::SubJobFinished)
    });
    step.job.timer_at_ms = None;
    if let Some(key) = child.save_as {
        let saved = result.result.clone().unwrap_or_default();
        step.job.data.insert(key, saved);
    }
    let completed = result.status == JobStatus::Completed.as_str();
    let broad = if completed { "success" } else { "failure" };
    let state = child
        .transitions
        .get(&result.status)
        .or_else(|| child.transitions.get(broad))
        .cloned();
    step.job.failure = (!completed).then(|| {
        result.failure.clone().unwrap_or_else(|| {
            let text = format!(
                "the sub-job '{}' ended as {}",
                result.blueprint, result.status
            );
            Failure::new("SUB_JOB_FAILED", text)
        })
    });
    let cancelled = result.status == JobStatus::Cancelled.as_str();
    step.job.child = Some(Box::new(result));
    match state {
        Some(state) => step.enter(&state, blueprint, env),
        None if completed => {
            step.job.failure = Some(
                Failure::new(
                    "UNHANDLED_STATUS",
                    "the sub-job completed, and there is no transition for that",
                )
                .hint("give run_blueprint a transition 'success'"),
            );
            step.end(JobStatus::Failed);
        }
        None if cancelled => step.end(JobStatus::Cancelled),
        None => step.end(JobStatus::Failed),
    }
}
