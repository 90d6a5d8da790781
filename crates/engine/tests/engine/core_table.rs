//! The pure core, row by row: what each result, loss and answer of a handler makes of a job.

use std::sync::Arc;

use avtomatika_engine::blueprint::{Blueprint, Client, HandlerError, RetryPolicy};
use avtomatika_engine::machine::{
    Draw, Env, Event, Ignored, Job, Loss, Lost, Next, Report, Step, step,
};
use avtomatika_engine::storage::TaskChange;
use avtomatika_engine::{Action, Dispatch, EndAs};
use avtomatika_protocol::{Failure, JobId, JobStatus, LeaseId, TaskId};
use serde_json::json;
use uuid::Uuid;

pub(crate) const NOW_MS: u64 = 1_000_000;
const LEASE: LeaseId = LeaseId(7);

pub(crate) fn task_id(number: u128) -> TaskId {
    TaskId(Uuid::from_u128(number))
}

/// Draws the id of one task, again and again.
pub(crate) struct Fixed(pub(crate) TaskId);

impl Draw for Fixed {
    fn task_id(&self) -> TaskId {
        self.0
    }

    fn job_id(&self) -> JobId {
        JobId(self.0.0)
    }

    fn token(&self) -> String {
        "token".to_owned()
    }
}

pub(crate) fn env(task: u128) -> Env<'static> {
    Env {
        now_ms: NOW_MS,
        draw: Box::leak(Box::new(Fixed(task_id(task)))),
        jitter: 1.0,
        transitions_max: 100,
    }
}

/// States `start`, `next`, `rescue` (working), `done` and `broken` (ends).
pub(crate) fn blueprint() -> Blueprint {
    let idle = |_: &avtomatika_engine::Context<'_>| Ok(Action::transition("done"));
    Blueprint::builder("b")
        .start("start", idle)
        .state("next", idle)
        .state("rescue", idle)
        .end("done", EndAs::Completed)
        .end("broken", EndAs::Failed)
        .build()
        .unwrap()
}

pub(crate) fn new_job() -> Job {
    let client = Client::new("c".into(), "u");
    let id = JobId(Uuid::from_u128(1));
    Job::new(id, &blueprint(), Arc::new(client), json!({}), NOW_MS)
}

pub(crate) fn dispatch() -> Dispatch {
    Dispatch::new("t").on("success", "next").retry(RetryPolicy {
        max_attempts: 3,
        initial_ms: 1_000,
        max_ms: 4_000,
    })
}

/// A job that waits for task 1.
fn waiting(dispatch: Dispatch) -> Job {
    let submitted = step(&new_job(), Event::Submitted, &blueprint(), &env(0)).unwrap();
    assert_eq!(submitted.next, Next::RunHandler);
    returned(&submitted.job, Ok(Action::dispatch(dispatch))).job
}

fn returned(job: &Job, answer: Result<Action, HandlerError>) -> Step {
    step(job, Event::Returned(answer), &blueprint(), &env(1)).unwrap()
}

fn reported(status: &str, failure: Failure) -> Event {
    Event::Reported(Report {
        task: task_id(1),
        lease: Some(LEASE),
        worker: "w".into(),
        status: status.to_owned(),
        data: Some(json!({"answer": 42})),
        failure,
    })
}

fn lost(why: Lost) -> Event {
    Event::Lost(Loss {
        task: task_id(1),
        lease: Some(LEASE),
        worker: Some("w".into()),
        why,
    })
}

fn after(dispatch: Dispatch, event: Event) -> Step {
    step(&waiting(dispatch), event, &blueprint(), &env(2)).unwrap()
}

fn coded(code: Option<&str>) -> Failure {
    Failure {
        code: code.map(str::to_owned),
        message: "m".to_owned(),
        ..Failure::default()
    }
}

/// What became of a job, in short.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// The task is tried again after this pause, milliseconds.
    Again(u64),
    /// A handler runs in this state.
    Runs(&'static str),
    /// The job has ended.
    Ended(JobStatus),
}

fn fate(step: &Step) -> Fate {
    if step.next == Next::RunHandler {
        let state = ["start", "next", "rescue"]
            .into_iter()
            .find(|name| *name == step.job.state);
        return Fate::Runs(state.expect("a working state"));
    }
    if step.job.status.is_terminal() {
        return Fate::Ended(step.job.status);
    }
    match step.tasks.as_slice() {
        [
            TaskChange::Retry {
                task,
                lease: Some(LEASE),
                ready_at_ms,
            },
        ] if *task == task_id(1) => {
            assert_eq!(step.job.status, JobStatus::WaitingForWorker);
            Fate::Again(ready_at_ms - NOW_MS)
        }
        other => panic!("neither retried nor ended: {other:?}"),
    }
}

#[test]
fn a_failure_code_decides() {
    use Fate::{Again, Ended, Runs};
    use JobStatus::{Failed, Quarantined};
    let rows: [(Option<&str>, Fate, Fate); 5] = [
        // code, without a failure transition, with one
        (None, Again(1_000), Again(1_000)),
        (Some("TRANSIENT_ERROR"), Again(1_000), Again(1_000)),
        (
            Some("PERMANENT_ERROR"),
            Ended(Quarantined),
            Ended(Quarantined),
        ),
        (Some("INVALID_INPUT_ERROR"), Ended(Failed), Ended(Failed)),
        (Some("QUOTA_EXCEEDED"), Ended(Failed), Runs("rescue")),
    ];
    for (code, without, with) in rows {
        let plain = after(dispatch(), reported("failure", coded(code)));
        assert_eq!(fate(&plain), without, "{code:?}");
        let mapped = dispatch().on("failure", "rescue");
        let rescued = after(mapped, reported("failure", coded(code)));
        assert_eq!(fate(&rescued), with, "{code:?}");
        let failure = plain.job.failure.expect("kept");
        assert_eq!(failure.code.as_deref(), code);
        assert!(failure.message.contains('m'));
        assert_eq!(
            plain.job.last_task.unwrap().failure,
            Some(coded(code)),
            "the handler sees what the worker said"
        );
        assert_eq!(plain.job.data.get("answer"), None, "a failure yields none");
    }
}

#[test]
fn a_status_finds_its_transition() {
    use Fate::{Ended, Runs};
    let rows: [(&str, Fate); 5] = [
        ("success", Runs("next")),
        ("partly", Runs("rescue")),
        ("all", Ended(JobStatus::Completed)),
        ("none", Ended(JobStatus::Failed)),
        ("surprise", Ended(JobStatus::Failed)),
    ];
    let dispatch = dispatch()
        .on("partly", "rescue")
        .on("all", "done")
        .on("none", "broken");
    for (status, expected) in rows {
        let step = after(dispatch.clone(), reported(status, Failure::default()));
        assert_eq!(fate(&step), expected, "{status}");
        assert_eq!(step.job.data.get("answer"), Some(&json!(42)), "{status}");
        assert!(
            matches!(
                step.tasks.as_slice(),
                [TaskChange::Finish { task, lease: Some(LEASE) }] if *task == task_id(1)
            ),
            "{status}"
        );
        assert_eq!(step.job.work, None);
    }
    let surprise = after(dispatch, reported("surprise", Failure::default()));
    let failure = surprise.job.failure.unwrap();
    assert_eq!(failure.code.as_deref(), Some("UNHANDLED_STATUS"));
}

#[test]
fn a_cancelled_task_cancels_its_job_unless_it_has_a_transition() {
    let plain = after(dispatch(), reported("cancelled", Failure::default()));
    assert_eq!(fate(&plain), Fate::Ended(JobStatus::Cancelled));
    let mapped = dispatch().on("cancelled", "rescue");
    let mapped = after(mapped, reported("cancelled", Failure::default()));
    assert_eq!(fate(&mapped), Fate::Runs("rescue"));
}

#[test]
fn a_loss_is_tried_again_or_answered() {
    use Fate::{Again, Ended, Runs};
    let rows = [
        (Lost::LeaseExpired, Again(0), Again(0)),
        (Lost::ExecutionTimeout, Again(1_000), Again(1_000)),
        (
            Lost::DispatchTimeout,
            Ended(JobStatus::Failed),
            Runs("rescue"),
        ),
    ];
    for (why, without, with) in rows {
        assert_eq!(fate(&after(dispatch(), lost(why))), without, "{why:?}");
        let mapped = dispatch().on("failure", "rescue");
        assert_eq!(fate(&after(mapped, lost(why))), with, "{why:?}");
    }
}

#[test]
fn used_up_retries_quarantine_or_take_the_failure_transition() {
    for (mapped, last) in [
        (false, Fate::Ended(JobStatus::Quarantined)),
        (true, Fate::Runs("rescue")),
    ] {
        for event in [
            reported("failure", coded(None)),
            lost(Lost::LeaseExpired),
            lost(Lost::ExecutionTimeout),
        ] {
            let dispatch = if mapped {
                dispatch().on("failure", "rescue")
            } else {
                dispatch()
            };
            let mut job = waiting(dispatch);
            let mut pauses = Vec::new();
            for failures in 1..=2 {
                let step = step(&job, event.clone(), &blueprint(), &env(2)).unwrap();
                let Fate::Again(pause_ms) = fate(&step) else {
                    panic!("attempt {failures} of 3 was the last");
                };
                pauses.push(pause_ms);
                assert_eq!(step.job.retry_count, failures);
                job = step.job;
            }
            let step = step(&job, event.clone(), &blueprint(), &env(2)).unwrap();
            assert_eq!(fate(&step), last, "{event:?}");
            let failure = step.job.failure.clone().unwrap();
            assert!(
                failure.message.starts_with("Task failed after 3 attempts"),
                "{}",
                failure.message
            );
            if pauses != [0, 0] {
                assert_eq!(pauses, [1_000, 2_000]);
            }
        }
    }
}

#[test]
fn a_handler_that_fails_runs_again_later_and_then_the_job_is_set_aside() {
    let mut job = step(&new_job(), Event::Submitted, &blueprint(), &env(0))
        .unwrap()
        .job;
    for failures in 1..4 {
        let failed = returned(&job, Err(HandlerError("no".to_owned())));
        assert_eq!(failed.job.status, JobStatus::AwaitingRetry);
        assert_eq!(failed.job.retry_count, failures);
        let due_ms = failed.job.timer_at_ms.expect("it names when it goes on");
        assert_eq!(due_ms, NOW_MS + (1_000 << (failures - 1)));
        let mut early = env(0);
        early.now_ms = due_ms - 1;
        let too_early = step(&failed.job, Event::TimerDue, &blueprint(), &early);
        assert_eq!(too_early.unwrap_err(), Ignored::NotDue);
        let mut due = env(0);
        due.now_ms = due_ms;
        job = step(&failed.job, Event::TimerDue, &blueprint(), &due)
            .unwrap()
            .job;
        assert_eq!(job.timer_at_ms, None);
    }
    let last = returned(&job, Err(HandlerError("no".to_owned())));
    assert_eq!(fate(&last), Fate::Ended(JobStatus::Quarantined));
    let failure = last.job.failure.unwrap();
    assert_eq!(failure.code.as_deref(), Some("HANDLER_ERROR"));
}

#[test]
fn an_unknown_state_sets_the_job_aside() {
    let job = step(&new_job(), Event::Submitted, &blueprint(), &env(0))
        .unwrap()
        .job;
    let lost = returned(&job, Ok(Action::transition("nowhere")));
    assert_eq!(fate(&lost), Fate::Ended(JobStatus::Quarantined));
    let failure = lost.job.failure.unwrap();
    assert_eq!(failure.code.as_deref(), Some("UNKNOWN_STATE"));
    let by_result = dispatch().on("success", "nowhere");
    let by_result = after(by_result, reported("success", Failure::default()));
    assert_eq!(fate(&by_result), Fate::Ended(JobStatus::Quarantined));
}

#[test]
fn a_cancel_takes_the_task_away() {
    let step = after(dispatch(), Event::CancelRequested);
    assert_eq!(fate(&step), Fate::Ended(JobStatus::Cancelled));
    assert!(matches!(
        step.tasks.as_slice(),
        [TaskChange::Finish { task, lease: None }] if *task == task_id(1)
    ));
}

#[test]
fn a_failure_the_blueprint_coped_with_is_not_the_jobs() {
    let mapped = dispatch().on("failure", "done");
    let coped = after(mapped, reported("failure", coded(Some("QUOTA_EXCEEDED"))));
    assert_eq!(fate(&coped), Fate::Ended(JobStatus::Completed));
    assert_eq!(coped.job.failure, None);
    let mapped = dispatch().on("failure", "broken");
    let failed = after(mapped, reported("failure", coded(Some("QUOTA_EXCEEDED"))));
    assert_eq!(fate(&failed), Fate::Ended(JobStatus::Failed));
    let failure = failed.job.failure.unwrap();
    assert_eq!(failure.code.as_deref(), Some("QUOTA_EXCEEDED"));
}

#[test]
fn the_loop_guard_ends_a_job_that_goes_round_in_circles() {
    let mut env = env(0);
    env.transitions_max = 5;
    let mut current = step(&new_job(), Event::Submitted, &blueprint(), &env).unwrap();
    let mut runs = 0;
    while current.next == Next::RunHandler {
        runs += 1;
        let go_on = Event::Returned(Ok(Action::transition("next")));
        current = step(&current.job, go_on, &blueprint(), &env).unwrap();
    }
    assert_eq!(runs, 5);
    assert_eq!(fate(&current), Fate::Ended(JobStatus::Failed));
    let failure = current.job.failure.unwrap();
    assert_eq!(failure.code.as_deref(), Some("MAX_TRANSITIONS"));
}

#[test]
fn results_of_workers_are_help_from_outside_for_the_loop_guard() {
    let mut env = env(1);
    env.transitions_max = 5;
    let mut current = step(&new_job(), Event::Submitted, &blueprint(), &env).unwrap();
    for round in 1..50 {
        assert_eq!(current.next, Next::RunHandler, "round {round}");
        let answer = Event::Returned(Ok(Action::dispatch(dispatch())));
        let queued = step(&current.job, answer, &blueprint(), &env).unwrap();
        let event = reported("success", Failure::default());
        current = step(&queued.job, event, &blueprint(), &env).unwrap();
    }
}

#[test]
fn a_task_of_another_time_changes_nothing() {
    let job = waiting(dispatch());
    for event in [
        Event::Reported(Report {
            task: task_id(99),
            lease: Some(LEASE),
            worker: "w".into(),
            status: "success".to_owned(),
            data: None,
            failure: Failure::default(),
        }),
        Event::Lost(Loss {
            task: task_id(99),
            lease: None,
            worker: None,
            why: Lost::DispatchTimeout,
        }),
    ] {
        let refused = step(&job, event, &blueprint(), &env(2));
        assert_eq!(refused.unwrap_err(), Ignored::StaleTask);
    }
    let not_due = step(&job, Event::TimerDue, &blueprint(), &env(2));
    assert_eq!(not_due.unwrap_err(), Ignored::NotDue);
}
