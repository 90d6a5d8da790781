//! Actions of a file as actions of the engine.

use std::collections::BTreeMap;

use avtomatika_engine::Action;
use avtomatika_engine::blueprint::{
    AwaitApproval, Branch, BranchWork, Dispatch, Join, Needs, Parallel, RetryPolicy, RunBlueprint,
    Strategy, WaitEvent,
};
use avtomatika_protocol::Failure;
use serde_json::Value;

use super::value::{
    amount, duration_ms, kind, maybe_duration_ms, maybe_text, object, text, time_ms, whole, wrong,
};
use crate::expression::{Entry, Scope};
use crate::model;
use crate::template::{RenderError, Template};

/// Branches of one `for_each`.
const BRANCHES_MAX: usize = 1_000;

/// What an action comes to for a job.
pub(super) fn act(
    action: &model::Action,
    scope: &Scope<'_>,
    now_ms: u64,
) -> Result<Action, RenderError> {
    Ok(match action {
        model::Action::Goto(target) => Action::transition(&target.state),
        model::Action::Dispatch(dispatch) => Action::dispatch(task(dispatch, scope)?),
        model::Action::Parallel(parallel) => Action::parallel(fork(parallel, scope)?),
        model::Action::RunBlueprint(job) => Action::run_blueprint(sub_job(job, scope)?),
        model::Action::AwaitApproval(approval) => Action::await_approval(AwaitApproval {
            message: text(&approval.message, scope)?,
            transitions: approval.on.to_map(),
            timeout_ms: maybe_duration_ms(approval.timeout_ms.as_ref(), scope)?,
            notify_url: maybe_text(approval.notify_url.as_ref(), scope)?,
        }),
        model::Action::Wait(wait) => {
            let until_ms = match &wait.until {
                model::Until::After(length) => now_ms.saturating_add(duration_ms(length, scope)?),
                model::Until::At(time) => time_ms(time, scope)?,
            };
            Action::wait_until(until_ms, &wait.then.state)
        }
        model::Action::WaitEvent(event) => Action::wait_event(WaitEvent {
            name: text(&event.name, scope)?,
            transitions: event.on.to_map(),
            timeout_ms: maybe_duration_ms(event.timeout_ms.as_ref(), scope)?,
            save_as: event.save_as.clone(),
        }),
        model::Action::Finish(finish) => Action::finish(
            finish.how,
            finish
                .result
                .as_ref()
                .map(|result| result.render(scope))
                .transpose()?,
        ),
        model::Action::Fail {
            code,
            message,
            target,
        } => Action::fail(&target.state, Failure::new(code, text(message, scope)?)),
        model::Action::End(end) => Action::finish(
            end.how,
            end.output
                .as_ref()
                .map(|output| output.render(scope))
                .transpose()?,
        ),
        // The handler takes the case that holds before it comes here.
        model::Action::When { otherwise, .. } => return act(&otherwise.action, scope, now_ms),
    })
}

fn task(dispatch: &model::Dispatch, scope: &Scope<'_>) -> Result<Dispatch, RenderError> {
    let mut task = Dispatch::new(text(&dispatch.task, scope)?);
    if task.task_type.is_empty() {
        return Err(wrong(&dispatch.task, "the task's type is empty".to_owned()));
    }
    task.params = object(&dispatch.params, scope, "'params'")?;
    task.transitions = dispatch.on.to_map();
    if let Some(priority) = &dispatch.priority {
        task.priority = whole(priority, scope)?;
    }
    if let Some(strategy) = &dispatch.strategy {
        task.strategy = strategy_of(strategy);
    }
    if let Some(needs) = &dispatch.needs {
        task.needs = needs_of(needs, scope)?;
    }
    if let Some(cost) = &dispatch.max_cost {
        task.max_cost = Some(amount(cost, scope)?);
    }
    task.worker = maybe_text(dispatch.worker.as_ref(), scope)?.map(Into::into);
    task.affinity = maybe_text(dispatch.affinity.as_ref(), scope)?;
    if let Some(retry) = dispatch.retry {
        task.retry = policy(retry);
    }
    task.dispatch_timeout_ms = maybe_duration_ms(dispatch.dispatch_timeout_ms.as_ref(), scope)?;
    task.execution_timeout_ms = maybe_duration_ms(dispatch.execution_timeout_ms.as_ref(), scope)?;
    task.result_timeout_ms = maybe_duration_ms(dispatch.result_timeout_ms.as_ref(), scope)?;
    task.save_as.clone_from(&dispatch.save_as);
    Ok(task)
}

fn strategy_of(word: &str) -> Strategy {
    match word {
        "round_robin" => Strategy::RoundRobin,
        "least_connections" => Strategy::LeastConnections,
        "cheapest" => Strategy::Cheapest,
        "best_value" => Strategy::BestValue,
        "random" => Strategy::Random,
        _ => Strategy::Default,
    }
}

fn needs_of(needs: &Template, scope: &Scope<'_>) -> Result<Needs, RenderError> {
    let value = Value::Object(object(needs, scope, "'needs'")?);
    Needs::parse(&value).map_err(|reason| wrong(needs, reason))
}

fn policy(retry: model::Retry) -> RetryPolicy {
    let usual = RetryPolicy::default();
    let initial_ms = retry.initial_ms.unwrap_or(usual.initial_ms);
    RetryPolicy {
        max_attempts: retry.max_attempts.unwrap_or(usual.max_attempts),
        initial_ms,
        max_ms: retry.max_ms.unwrap_or(usual.max_ms.max(initial_ms)),
    }
}

fn sub_job(job: &model::SubJob, scope: &Scope<'_>) -> Result<RunBlueprint, RenderError> {
    Ok(RunBlueprint {
        blueprint: text(&job.blueprint, scope)?,
        version: maybe_text(job.version.as_ref(), scope)?,
        input: job.input.render(scope)?,
        transitions: job.on.to_map(),
        timeout_ms: maybe_duration_ms(job.timeout_ms.as_ref(), scope)?,
        save_as: job.save_as.clone(),
    })
}

fn fork(parallel: &model::Parallel, scope: &Scope<'_>) -> Result<Parallel, RenderError> {
    let branches = match &parallel.branches {
        model::Branches::Named(named) => named
            .iter()
            .map(|branch| {
                Ok(Branch {
                    name: branch.name.clone(),
                    work: work(&branch.work, scope)?,
                })
            })
            .collect::<Result<_, RenderError>>()?,
        model::Branches::ForEach(each) => for_each(each, scope)?,
    };
    let join = match &parallel.join {
        model::Join::All => Join::All,
        model::Join::Any => Join::Any,
        model::Join::AtLeast(least) => Join::AtLeast(whole(least, scope)?),
    };
    Ok(Parallel {
        branches,
        join,
        into: parallel.into.state.clone(),
        on_failure: parallel
            .on_failure
            .as_ref()
            .map(|target| target.state.clone()),
        timeout_ms: maybe_duration_ms(parallel.timeout_ms.as_ref(), scope)?,
    })
}

fn for_each(each: &model::ForEach, scope: &Scope<'_>) -> Result<Vec<Branch>, RenderError> {
    let items = match each.list.evaluate(scope)? {
        Value::Array(items) => items,
        other => {
            let reason = format!("'for_each' needs a list, this is {}", kind(&other));
            return Err(each.list.error(0, reason));
        }
    };
    if items.len() > BRANCHES_MAX {
        let reason = format!("{} branches are more than {BRANCHES_MAX}", items.len());
        return Err(each.list.error(0, reason));
    }
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut branches = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let mut scope = scope.clone();
        scope.set(&each.item, Entry::Value(item));
        scope.set("index", Entry::Owned(Value::from(index)));
        let name = match &each.name {
            Some(name) => text(name, &scope)?,
            None => index.to_string(),
        };
        if let Some(other) = names.insert(name.clone(), index) {
            let reason = format!(
                "items {other} and {index} of the list both name their branch '{name}', and names must differ; computed"
            );
            return Err(each.name.as_ref().map_or_else(
                || each.list.error(0, reason.clone()),
                |template| wrong(template, reason.clone()),
            ));
        }
        branches.push(Branch {
            name,
            work: work(&each.work, &scope)?,
        });
    }
    Ok(branches)
}

fn work(work: &model::BranchWork, scope: &Scope<'_>) -> Result<BranchWork, RenderError> {
    Ok(match work {
        model::BranchWork::Task(dispatch) => BranchWork::Task(Box::new(task(dispatch, scope)?)),
        model::BranchWork::Job(job) => BranchWork::Job(Box::new(sub_job(job, scope)?)),
    })
}
