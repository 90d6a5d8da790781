//! The pure core under random events: what must hold whatever happens, in whatever order.

use avtomatika_engine::blueprint::{Blueprint, HandlerError};
use avtomatika_engine::machine::{Env, Event, Job, Loss, Lost, Next, Report, step};
use avtomatika_engine::storage::TaskChange;
use avtomatika_engine::{Action, Dispatch, blueprint::RetryPolicy};
use avtomatika_protocol::{Failure, JobStatus, LeaseId, TaskId};
use proptest::prelude::*;

use super::core_table::{Fixed, NOW_MS, blueprint, new_job, task_id};

const TRANSITIONS_MAX: u32 = 12;
const MAX_ATTEMPTS: u32 = 3;

/// Something that is done to the job. `stale` means: with a task id that isn't its current one.
#[derive(Clone, Debug)]
enum Blow {
    Handler(Answer),
    Report { status: usize, stale: bool },
    Lose { why: usize, stale: bool },
    RetryDue,
    Cancel,
    Wait(u64),
}

#[derive(Clone, Debug)]
enum Answer {
    Go(usize),
    Dispatch { failure: Option<usize> },
    Fail(usize),
    Error,
}

const STATES: [&str; 6] = ["start", "next", "rescue", "done", "broken", "nowhere"];
const STATUSES: [(&str, Option<&str>); 8] = [
    ("success", None),
    ("failure", None),
    ("failure", Some("TRANSIENT_ERROR")),
    ("failure", Some("PERMANENT_ERROR")),
    ("failure", Some("INVALID_INPUT_ERROR")),
    ("failure", Some("QUOTA_EXCEEDED")),
    ("cancelled", None),
    ("surprise", None),
];
const LOSSES: [Lost; 3] = [
    Lost::LeaseExpired,
    Lost::ExecutionTimeout,
    Lost::DispatchTimeout,
];

fn answers() -> impl Strategy<Value = Answer> {
    // Mostly working states, so that jobs live long enough to be hit often.
    let state = prop_oneof![5 => 0..3_usize, 1 => 3..STATES.len()];
    prop_oneof![
        2 => state.clone().prop_map(Answer::Go),
        5 => prop::option::of(0..3_usize).prop_map(|failure| Answer::Dispatch { failure }),
        1 => state.prop_map(Answer::Fail),
        2 => Just(Answer::Error),
    ]
}

fn blows() -> impl Strategy<Value = Blow> {
    let status = prop_oneof![3 => 0..3_usize, 1 => 3..STATUSES.len()];
    let stale = prop::bool::weighted(0.2);
    prop_oneof![
        8 => answers().prop_map(Blow::Handler),
        8 => (status, stale).prop_map(|(status, stale)| Blow::Report { status, stale }),
        4 => (0..LOSSES.len(), stale).prop_map(|(why, stale)| Blow::Lose { why, stale }),
        4 => Just(Blow::RetryDue),
        1 => Just(Blow::Cancel),
        4 => (0..5_000_u64).prop_map(Blow::Wait),
    ]
}

/// The job, the time, and whether its handler is running.
struct Run {
    job: Job,
    next: Next,
    now_ms: u64,
    tasks: u128,
    blueprint: Blueprint,
    /// Handler runs since something last came from outside.
    runs: u32,
    log: Vec<String>,
}

impl Run {
    fn new() -> Self {
        let mut run = Self {
            job: new_job(),
            next: Next::Rest,
            now_ms: NOW_MS,
            tasks: 0,
            blueprint: blueprint(),
            runs: 0,
            log: Vec::new(),
        };
        run.apply(Event::Submitted, 0.5);
        run
    }

    /// The event a blow amounts to now; nothing if it can't happen now.
    fn event(&self, blow: &Blow) -> Option<Event> {
        let task = |stale: bool| match &self.job.work {
            Some(work) if !stale => work.task,
            _ => task_id(u128::MAX),
        };
        let running = self.next == Next::RunHandler;
        Some(match blow {
            Blow::Handler(answer) if running => Event::Returned(match answer {
                Answer::Go(state) => Ok(Action::transition(STATES[*state])),
                Answer::Fail(state) => {
                    Ok(Action::fail(STATES[*state], Failure::new("GAVE_UP", "m")))
                }
                Answer::Dispatch { failure } => Ok(Action::dispatch(dispatch(*failure))),
                Answer::Error => Err(HandlerError("no".to_owned())),
            }),
            // Nothing else comes between a handler and its answer: they are one step.
            Blow::Handler(_) | Blow::Wait(_) => return None,
            _ if running => return None,
            Blow::Report { status, stale } => {
                let (status, code) = STATUSES[*status];
                Event::Reported(Report {
                    task: task(*stale),
                    lease: Some(LeaseId(1)),
                    worker: "w".into(),
                    status: status.to_owned(),
                    data: None,
                    failure: Failure {
                        code: code.map(str::to_owned),
                        ..Failure::default()
                    },
                })
            }
            Blow::Lose { why, stale } => Event::Lost(Loss {
                task: task(*stale),
                lease: None,
                worker: Some("w".into()),
                why: LOSSES[*why],
            }),
            Blow::RetryDue => Event::TimerDue,
            Blow::Cancel => Event::CancelRequested,
        })
    }

    fn apply(&mut self, event: Event, jitter: f64) {
        let draw = Fixed(task_id(self.tasks + 1));
        let env = Env {
            now_ms: self.now_ms,
            draw: &draw,
            jitter,
            transitions_max: TRANSITIONS_MAX,
        };
        let before = self.job.clone();
        let fresh = is_current(&before, &event);
        let outside = matches!(event, Event::Reported(_) | Event::Submitted);
        let name = format!("{event:?}");
        let once = step(&before, event.clone(), &self.blueprint, &env);
        let twice = step(&before, event, &self.blueprint, &env);
        self.log.push(format!("{name} -> {once:?}"));
        assert_eq!(
            format!("{once:?}"),
            format!("{twice:?}"),
            "the same event with the same surroundings gives the same step"
        );
        let Ok(step) = once else {
            return;
        };
        assert!(!before.status.is_terminal(), "an ended job changed: {name}");
        assert!(fresh, "a task of another time changed the job: {name}");
        check_tasks(&before, &step.job, &step.tasks);
        if outside {
            self.runs = 0;
        }
        if step.next == Next::RunHandler {
            self.runs += 1;
        }
        assert!(self.runs <= TRANSITIONS_MAX, "the loop guard let it run on");
        self.tasks += step
            .tasks
            .iter()
            .filter(|change| matches!(change, TaskChange::Add(..)))
            .count() as u128;
        self.job = step.job;
        self.next = step.next;
        check_job(&self.job, self.next, self.now_ms);
    }
}

fn dispatch(failure: Option<usize>) -> Dispatch {
    let dispatch = Dispatch::new("t").on("success", "next").retry(RetryPolicy {
        max_attempts: MAX_ATTEMPTS,
        initial_ms: 100,
        max_ms: 1_000,
    });
    match failure {
        Some(state) => dispatch.on("failure", STATES[state]),
        None => dispatch,
    }
}

fn is_current(job: &Job, event: &Event) -> bool {
    match event {
        Event::Reported(report) => job.work_of(report.task).is_some(),
        Event::Lost(loss) => job.work_of(loss.task).is_some(),
        _ => true,
    }
}

/// The task that is there before, less what is finished, plus what is added, is the task that is
/// there after; and only the current task is ever named.
fn check_tasks(before: &Job, after: &Job, changes: &[TaskChange]) {
    let mut live: Vec<TaskId> = before.work.iter().map(|work| work.task).collect();
    for change in changes {
        match change {
            TaskChange::Add(task, entry) => {
                assert_eq!(task.id, entry.task_id);
                assert_eq!((entry.job_id, entry.lease.is_none()), (after.id, true));
                assert!(!live.contains(&task.id), "one id for two tasks");
                live.push(task.id);
            }
            TaskChange::Retry { task, .. } => assert!(live.contains(task), "retried a stranger"),
            TaskChange::Finish { task, .. } => {
                assert!(live.contains(task), "finished a stranger");
                live.retain(|other| other != task);
            }
        }
    }
    let expected: Vec<TaskId> = after.work.iter().map(|work| work.task).collect();
    assert_eq!(live, expected, "the queue and the job must agree");
    assert!(live.len() <= 1);
}

fn check_job(job: &Job, next: Next, now_ms: u64) {
    let (work, retry) = (job.work.is_some(), job.timer_at_ms.is_some());
    match (next, job.status) {
        (Next::RunHandler, status) => {
            assert_eq!((status, work, retry), (JobStatus::Running, false, false));
        }
        (Next::Rest, JobStatus::WaitingForWorker) => assert_eq!((work, retry), (true, false)),
        (Next::Rest, JobStatus::AwaitingRetry) => {
            assert_eq!((work, retry), (false, true));
            assert!(job.timer_at_ms.unwrap() >= now_ms);
        }
        (Next::Rest, status) => {
            assert!(
                status.is_terminal(),
                "rests as {status:?}, nothing ends that wait"
            );
            assert_eq!((work, retry), (false, false));
        }
    }
    // A policy of three attempts for tasks, four for handlers.
    let bound = match job.status {
        JobStatus::WaitingForWorker => MAX_ATTEMPTS - 1,
        JobStatus::AwaitingRetry => 3,
        _ => 4,
    };
    assert!(
        job.retry_count <= bound,
        "{} failures as {:?}",
        job.retry_count,
        job.status
    );
}

fn play(blows: &[(Blow, f64)]) -> Run {
    let mut run = Run::new();
    for (blow, jitter) in blows {
        if let Blow::Wait(ms) = blow {
            run.now_ms += ms;
        }
        if let Some(event) = run.event(blow) {
            run.apply(event, *jitter);
        }
    }
    run
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn invariants_hold_whatever_happens(
        blows in prop::collection::vec((blows(), 0.0..=1.0_f64), 1..80),
    ) {
        let first = play(&blows);
        let again = play(&blows);
        prop_assert_eq!(&first.log, &again.log, "the same events give the same run");
        prop_assert_eq!(&first.job, &again.job);
        // Every event that nobody has to wait for ends the job in the end.
        let mut run = first;
        if run.next == Next::RunHandler {
            run.apply(Event::Returned(Ok(Action::dispatch(dispatch(None)))), 0.5);
        }
        if !run.job.status.is_terminal() {
            run.apply(Event::CancelRequested, 0.5);
        }
        prop_assert!(run.job.status.is_terminal());
        for (blow, jitter) in &blows {
            let before = run.job.clone();
            if let Some(event) = run.event(blow) {
                run.apply(event, *jitter);
            }
            prop_assert_eq!(&before, &run.job, "an ended job changed");
        }
    }
}

/// The random runs are only worth something if they reach every ending.
#[test]
fn random_runs_reach_every_ending() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec((blows(), 0.0..=1.0_f64), 80);
    let mut seen = std::collections::HashSet::new();
    let mut codes = std::collections::HashSet::new();
    for _ in 0..600 {
        let run = play(&strategy.new_tree(&mut runner).unwrap().current());
        seen.insert(run.job.status);
        codes.extend(run.job.failure.and_then(|failure| failure.code));
    }
    for status in [
        JobStatus::Completed,
        JobStatus::Failed,
        JobStatus::Cancelled,
        JobStatus::Quarantined,
    ] {
        assert!(seen.contains(&status), "no run ended as {status:?}");
    }
    for code in [
        "HANDLER_ERROR",
        "UNKNOWN_STATE",
        "PERMANENT_ERROR",
        "GAVE_UP",
        "UNHANDLED_STATUS",
    ] {
        assert!(codes.contains(code), "no run ended with {code}: {codes:?}");
    }
}
