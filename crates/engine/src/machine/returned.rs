//! What a handler's answer makes of its job.

use std::sync::Arc;

use avtomatika_protocol::{Failure, JobStatus};
use serde_json::Value;

use super::step::{Next, Step};
use super::{Env, Work};
use crate::blueprint::{Action, ActionKind, Blueprint, Dispatch, HandlerError, RetryPolicy};
use crate::seal;
use crate::storage::{QueueEntry, Task, TaskChange};

/// The handler has decided.
pub(super) fn decided(step: &mut Step, action: Action, blueprint: &Blueprint, env: &Env) {
    step.next = Next::Rest;
    step.job.data.extend(action.data);
    match action.kind {
        ActionKind::Transition(state) => step.enter(&state, blueprint, env),
        ActionKind::Dispatch(dispatch) => enqueue(step, dispatch, env),
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
pub(super) fn failed(step: &mut Step, error: &HandlerError, env: &Env) {
    let policy = RetryPolicy::default();
    step.next = Next::Rest;
    step.job.retry_count += 1;
    step.job.failure = Some(Failure::new("HANDLER_ERROR", error.0.clone()));
    if step.job.retry_count >= policy.max_attempts {
        step.end(JobStatus::Quarantined);
        return;
    }
    step.job.status = JobStatus::AwaitingRetry;
    step.job.retry_at_ms = Some(env.now_ms + policy.pause_ms(step.job.retry_count, env.jitter));
}

fn enqueue(step: &mut Step, dispatch: Dispatch, env: &Env) {
    let params = Value::Object(dispatch.params);
    let sealed = seal::holds_sealed(&params);
    let task_type: Arc<str> = dispatch.task_type.as_str().into();
    let task = Task {
        id: env.task_id,
        job_id: step.job.id,
        task_type: dispatch.task_type,
        params: params.to_string(),
        sealed,
        sealed_for: dispatch.sealed_for,
    };
    let entry = QueueEntry {
        task_id: env.task_id,
        job_id: step.job.id,
        task_type: Arc::clone(&task_type),
        priority: dispatch.priority,
        worker: dispatch.worker.clone(),
        queued_at_ms: env.now_ms,
        ready_at_ms: env.now_ms,
        attempt: 0,
        dispatch_timeout_ms: dispatch.dispatch_timeout_ms,
        execution_timeout_ms: dispatch.execution_timeout_ms,
        lease: None,
    };
    step.job.retry_count = 0;
    step.job.status = JobStatus::WaitingForWorker;
    step.job.phases.clear();
    step.job.work = Some(Work {
        task: env.task_id,
        task_type,
        transitions: dispatch.transitions,
        retry: dispatch.retry,
        worker: dispatch.worker,
    });
    step.tasks.push(TaskChange::Add(Box::new(task), entry));
}
