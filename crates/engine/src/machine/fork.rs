//! Branches that run side by side, and their join.

use avtomatika_protocol::{Failure, JobStatus};
use serde_json::json;

use super::returned::{queue_task, spawn_job};
use super::step::{Note, Step};
use super::verdict::{self, Verdict};
use super::{BranchState, Env, Fork, Ignored, Loss, Report, Runs, Wait, Work, task};
use crate::blueprint::{Blueprint, BranchResult, BranchWork, Join, Parallel};
use crate::history::EventKind;
use crate::storage::TaskChange;

/// Starts the branches.
pub(super) fn start(step: &mut Step, parallel: Parallel, blueprint: &Blueprint, env: &Env<'_>) {
    let mut branches = Vec::with_capacity(parallel.branches.len());
    for branch in parallel.branches {
        let runs = match branch.work {
            BranchWork::Task(dispatch) => Runs::Task(queue_task(step, *dispatch, env)),
            BranchWork::Job(run) => Runs::Job(spawn_job(step, *run, env)),
        };
        branches.push(BranchState {
            name: branch.name,
            runs,
            retry_count: 0,
            answered: None,
            result: None,
        });
    }
    let names: Vec<&str> = branches.iter().map(|branch| branch.name.as_str()).collect();
    let details = Some(json!({"branches": names, "join": parallel.join}));
    step.note(Note {
        details,
        ..Note::of(EventKind::ParallelStarted)
    });
    step.job.retry_count = 0;
    step.job.phases.clear();
    step.job.status = JobStatus::WaitingForParallelTasks;
    step.job.waits_since_ms = Some(env.now_ms);
    step.job.timer_at_ms = parallel
        .timeout_ms
        .map(|limit| env.now_ms.saturating_add(limit));
    let fork = Fork {
        branches,
        join: parallel.join,
        into: parallel.into,
        on_failure: parallel.on_failure,
    };
    settle(step, fork, blueprint, env);
}

/// A worker reported a result of a branch's task.
pub(super) fn reported(
    step: &mut Step,
    report: Report,
    blueprint: &Blueprint,
    env: &Env<'_>,
) -> Result<(), Ignored> {
    let (mut fork, place) = branch_of(step, |fork| fork.by_task(report.task))?;
    step.helped();
    let branch = &mut fork.branches[place];
    let Runs::Task(work) = branch.runs.clone() else {
        return Err(Ignored::StaleTask);
    };
    if report.status == "failure" {
        branch.retry_count += 1;
        branch.answered = report.lease;
        let verdict = verdict::of_report(&work, branch.retry_count, report.failure, env);
        carry_out(
            step,
            branch,
            &work,
            verdict,
            report.lease,
            Some(report.worker),
        );
    } else {
        step.tasks.push(TaskChange::Finish {
            task: report.task,
            lease: report.lease,
        });
        if report.status == "success"
            && let Some(key) = &work.affinity
        {
            step.bind = Some((key.clone(), report.worker.clone()));
        }
        branch.result = Some(BranchResult {
            status: report.status,
            data: report.data,
            worker: Some(report.worker),
            lease: report.lease,
            ..blank(branch)
        });
        note_end(step, branch);
    }
    settle(step, fork, blueprint, env);
    Ok(())
}

/// An attempt at a branch's task was given up.
pub(super) fn lost(
    step: &mut Step,
    loss: Loss,
    blueprint: &Blueprint,
    env: &Env<'_>,
) -> Result<(), Ignored> {
    let (mut fork, place) = branch_of(step, |fork| fork.by_task(loss.task))?;
    let branch = &mut fork.branches[place];
    let Runs::Task(work) = branch.runs.clone() else {
        return Err(Ignored::StaleTask);
    };
    branch.retry_count += u32::from(task::counts(loss.why));
    let who = loss
        .worker
        .as_ref()
        .map_or("its worker", |worker| worker.as_str());
    let verdict = verdict::of_loss(&work, branch.retry_count, loss.why, who, env);
    step.note(task::about(EventKind::TaskLost, &work, loss.worker.clone()));
    // What was given up has not been answered, whatever comes later.
    branch.answered = None;
    carry_out(step, branch, &work, verdict, loss.lease, loss.worker);
    settle(step, fork, blueprint, env);
    Ok(())
}

/// Takes the job's fork off it, with the branch that is concerned.
fn branch_of(
    step: &mut Step,
    find: impl FnOnce(&Fork) -> Option<usize>,
) -> Result<(Fork, usize), Ignored> {
    match step.job.wait.take().map(|wait| *wait) {
        Some(Wait::Fork(fork)) => match find(&fork) {
            Some(place) => Ok((fork, place)),
            None => Err(Ignored::StaleTask),
        },
        _ => Err(Ignored::StaleTask),
    }
}

fn carry_out(
    step: &mut Step,
    branch: &mut BranchState,
    work: &Work,
    verdict: Verdict,
    lease: Option<avtomatika_protocol::LeaseId>,
    worker: Option<avtomatika_protocol::WorkerId>,
) {
    match verdict {
        Verdict::Again {
            ready_at_ms,
            failure,
        } => {
            step.note(Note {
                failure: Some(failure),
                ..task::about(EventKind::TaskRetried, work, worker)
            });
            step.tasks.push(TaskChange::Retry {
                task: work.task,
                lease,
                ready_at_ms,
            });
        }
        Verdict::Answer(failure, _) | Verdict::Final(failure, _) => {
            step.tasks.push(TaskChange::Finish {
                task: work.task,
                lease,
            });
            branch.result = Some(BranchResult {
                status: "failure".to_owned(),
                failure: Some(failure),
                worker,
                lease: branch.answered,
                ..blank(branch)
            });
            note_end(step, branch);
        }
    }
}

/// A result that says only which branch it is of.
pub(super) fn blank(branch: &BranchState) -> BranchResult {
    let (task, job) = match &branch.runs {
        Runs::Task(work) => (Some(work.task), None),
        Runs::Job(job) => (None, Some(*job)),
    };
    BranchResult {
        name: branch.name.clone(),
        status: String::new(),
        data: None,
        failure: None,
        worker: None,
        task,
        job,
        lease: None,
    }
}

/// Notes the end of a branch.
pub(super) fn note_end(step: &mut Step, branch: &BranchState) {
    let Some(result) = &branch.result else { return };
    let (task, task_type) = match &branch.runs {
        Runs::Task(work) => (Some(work.task), Some(work.task_type.clone())),
        Runs::Job(_) => (None, None),
    };
    step.note(Note {
        task,
        task_type,
        worker: result.worker.clone(),
        failure: result.failure.clone(),
        details: Some(json!({"branch": branch.name, "status": result.status})),
        ..Note::of(EventKind::BranchFinished)
    });
}

/// Goes on if the join is met or can't be met any more; else waits on.
pub(super) fn settle(step: &mut Step, fork: Fork, blueprint: &Blueprint, env: &Env<'_>) {
    let ended = || {
        fork.branches
            .iter()
            .filter_map(|branch| branch.result.as_ref())
    };
    let succeeded = ended().filter(|result| result.is_success()).count();
    let (failed, open) = (
        ended().count() - succeeded,
        fork.branches.len() - ended().count(),
    );
    let gives_up = fork.on_failure.is_some() && failed > 0;
    let (met, hopeless) = match fork.join {
        Join::All => (open == 0 && !gives_up, gives_up),
        Join::Any | Join::AtLeast(_) => {
            let wanted = match fork.join {
                Join::AtLeast(wanted) => usize::try_from(wanted).unwrap_or(usize::MAX),
                Join::Any | Join::All => 1,
            };
            (succeeded >= wanted, succeeded + open < wanted)
        }
    };
    // No branches, nothing to wait for: the aggregator decides what that means.
    let met = met || fork.branches.is_empty();
    if !met && hopeless {
        let why = ended().find_map(|result| result.failure.as_ref());
        let why = why.map_or(String::new(), |why| format!("; {}", why.message));
        step.job.failure = Some(Failure::new(
            "JOIN_NOT_MET",
            format!(
                "{succeeded} of {} branches succeeded and {failed} failed: the join can't be met{why}",
                fork.branches.len()
            ),
        ));
    }
    if met || hopeless {
        join(step, fork, met, "cancelled", blueprint, env);
    } else {
        step.job.wait = Some(Box::new(Wait::Fork(fork)));
        step.job.status = JobStatus::WaitingForParallelTasks;
    }
}

/// The branches took too long.
pub(super) fn timed_out(step: &mut Step, fork: Fork, blueprint: &Blueprint, env: &Env<'_>) {
    step.job.failure = Some(Failure::new(
        "PARALLEL_TIMEOUT",
        "the branches did not end in time",
    ));
    join(step, fork, false, "timeout", blueprint, env);
}

/// Stops what still runs and enters the state of the join.
fn join(
    step: &mut Step,
    mut fork: Fork,
    met: bool,
    rest: &str,
    blueprint: &Blueprint,
    env: &Env<'_>,
) {
    for branch in fork
        .branches
        .iter()
        .filter(|branch| branch.result.is_none())
    {
        match &branch.runs {
            Runs::Task(work) => forget(step, work),
            Runs::Job(job) => call_off(step, *job),
        }
    }
    let open: Vec<bool> = fork
        .branches
        .iter()
        .map(|branch| branch.result.is_none())
        .collect();
    close(&mut fork, rest);
    for (branch, _) in fork.branches.iter().zip(open).filter(|(_, open)| *open) {
        note_end(step, branch);
    }
    let state = match &fork.on_failure {
        Some(state) if !met => state.clone(),
        _ => fork.into.clone(),
    };
    step.note(Note {
        details: Some(json!({"met": met})),
        ..Note::of(EventKind::ParallelJoined)
    });
    step.job.branches = results(fork);
    step.job.timer_at_ms = None;
    if met {
        step.job.failure = None;
    }
    step.enter(&state, blueprint, env);
}

/// Takes a task back: one that was only about to be queued never is.
fn forget(step: &mut Step, work: &Work) {
    let added =
        |change: &TaskChange| matches!(change, TaskChange::Add(task, _) if task.id == work.task);
    if let Some(place) = step.tasks.iter().position(added) {
        step.tasks.remove(place);
    } else {
        step.tasks.push(TaskChange::Finish {
            task: work.task,
            lease: None,
        });
    }
}

/// Stops a sub-job: one that was only about to be made never is.
fn call_off(step: &mut Step, job: avtomatika_protocol::JobId) {
    if let Some(place) = step.spawn.iter().position(|spawn| spawn.id == job) {
        step.spawn.remove(place);
    } else {
        step.stop.push(job);
    }
}

/// Gives branches that have not ended this status.
pub(super) fn close(fork: &mut Fork, status: &str) {
    for branch in &mut fork.branches {
        if branch.result.is_none() {
            branch.result = Some(BranchResult {
                status: status.to_owned(),
                ..blank(branch)
            });
        }
    }
}

/// What came of the branches, in their order.
pub(super) fn results(fork: Fork) -> Vec<BranchResult> {
    let branches = fork.branches.into_iter();
    branches.filter_map(|branch| branch.result).collect()
}
