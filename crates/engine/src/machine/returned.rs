//! What a handler's answer makes of its job.

use std::sync::Arc;

use avtomatika_protocol::{Failure, JobId, JobStatus};
use serde_json::{Value, json};

use super::step::{Next, Note, Spawn, Step};
use super::{Env, Work, child, fork, pause, task};
use crate::blueprint::{
    Action, ActionKind, Blueprint, Dispatch, EndAs, HandlerError, RetryPolicy, RunBlueprint,
};
use crate::history::EventKind;
use crate::seal;
use crate::storage::{QueueEntry, Task, TaskChange};

/// The handler has decided.
pub(super) fn decided(step: &mut Step, action: Action, blueprint: &Blueprint, env: &Env<'_>) {
    step.next = Next::Rest;
    step.job.data.extend(action.data);
    match action.kind {
        ActionKind::Transition(state) => step.enter(&state, blueprint, env),
        ActionKind::Dispatch(dispatch) => {
            let work = queue_task(step, *dispatch, env);
            step.job.retry_count = 0;
            step.job.status = JobStatus::WaitingForWorker;
            step.job.phases.clear();
            step.job.work = Some(work);
        }
        ActionKind::Parallel(parallel) => fork::start(step, *parallel, blueprint, env),
        ActionKind::RunBlueprint(run) => child::start(step, *run, env),
        ActionKind::AwaitApproval(approval) => pause::ask(step, *approval, env),
        ActionKind::WaitEvent(wait) => pause::await_event(step, *wait, blueprint, env),
        ActionKind::Sleep { until_ms, then } => pause::sleep(step, until_ms, then, env),
        ActionKind::Finish { how, result } => finish(step, how, result, blueprint),
        ActionKind::Fail { state, failure } => {
            step.job.failure = Some(failure);
            step.enter(&state, blueprint, env);
        }
        // The service answers a wish for documents itself; one that comes this far was refused.
        ActionKind::Load(_) => failed(
            step,
            &HandlerError("the handler asked for documents again and again".to_owned()),
            env,
        ),
    }
}

/// The handler could not decide.
pub(super) fn failed(step: &mut Step, error: &HandlerError, env: &Env<'_>) {
    let policy = RetryPolicy::default();
    step.next = Next::Rest;
    step.job.retry_count += 1;
    step.job.failure = Some(Failure::new("HANDLER_ERROR", error.0.clone()));
    if step.job.retry_count >= policy.max_attempts {
        step.end(JobStatus::Quarantined);
        return;
    }
    step.job.status = JobStatus::AwaitingRetry;
    step.job.waits_since_ms = Some(env.now_ms);
    step.job.timer_at_ms = Some(env.now_ms + policy.pause_ms(step.job.retry_count, env.jitter));
}

/// Ends the job where it is. Outside its blueprint's end states it is in one named as the first
/// generation's clients know it.
fn finish(step: &mut Step, how: EndAs, result: Option<Value>, blueprint: &Blueprint) {
    if blueprint.ends_as(&step.job.state).is_none() {
        how.status().as_str().clone_into(&mut step.job.state);
    }
    step.conclude(how, result, blueprint);
}

/// Queues a task.
pub(super) fn queue_task(step: &mut Step, dispatch: Dispatch, env: &Env<'_>) -> Work {
    let wants = dispatch.wants().map(Arc::new);
    let params = Value::Object(dispatch.params);
    let sealed = seal::holds_sealed(&params);
    let task_type: Arc<str> = dispatch.task_type.as_str().into();
    let id = env.draw.task_id();
    let task = Task {
        id,
        job_id: step.job.id,
        task_type: dispatch.task_type,
        params: params.to_string(),
        sealed,
        sealed_for: dispatch.sealed_for,
        trace_parent: step.job.trace_parent.clone(),
    };
    let entry = QueueEntry {
        task_id: id,
        job_id: step.job.id,
        task_type: Arc::clone(&task_type),
        priority: dispatch.priority,
        worker: dispatch.worker.clone(),
        wants,
        queued_at_ms: env.now_ms,
        ready_at_ms: env.now_ms,
        attempt: 0,
        dispatch_timeout_ms: dispatch.dispatch_timeout_ms,
        execution_timeout_ms: dispatch.execution_timeout_ms,
        result_timeout_ms: dispatch.result_timeout_ms,
        lease: None,
    };
    let work = Work {
        task: id,
        task_type,
        transitions: dispatch.transitions,
        retry: dispatch.retry,
        worker: dispatch.worker,
        affinity: dispatch.affinity,
        save_as: dispatch.save_as,
    };
    step.note(task::about(EventKind::TaskDispatched, &work, None));
    step.tasks.push(TaskChange::Add(Box::new(task), entry));
    work
}

/// Has a sub-job made.
pub(super) fn spawn_job(step: &mut Step, run: RunBlueprint, env: &Env<'_>) -> JobId {
    let id = env.draw.job_id();
    step.note(Note {
        details: Some(json!({"job_id": id, "blueprint": run.blueprint})),
        ..Note::of(EventKind::SubJobStarted)
    });
    step.spawn.push(Spawn {
        id,
        blueprint: run.blueprint,
        version: run.version,
        input: run.input,
    });
    id
}
