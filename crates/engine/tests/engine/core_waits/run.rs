//! One random run, and what must hold after each of its steps.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use avtomatika_engine::blueprint::Blueprint;
use avtomatika_engine::machine::{
    ChildEnd, Choice, Draw, Env, Event, Job, Loss, Lost, Next, Report, Signal, Step, Wait, step,
};
use avtomatika_engine::storage::TaskChange;
use avtomatika_protocol::{Failure, JobId, JobStatus, LeaseId, TaskId};
use serde_json::json;
use uuid::Uuid;

use super::{Blow, answer};
use crate::core_table::{NOW_MS, blueprint, new_job};

const TRANSITIONS_MAX: u32 = 12;
const MAILBOX_MAX: usize = 64;

/// Numbers from here on.
struct Numbers(AtomicU64);

impl Numbers {
    fn next(&self) -> Uuid {
        Uuid::from_u128(self.0.fetch_add(1, Ordering::Relaxed).into())
    }
}

impl Draw for Numbers {
    fn task_id(&self) -> TaskId {
        TaskId(self.next())
    }

    fn job_id(&self) -> JobId {
        JobId(self.next())
    }

    fn token(&self) -> String {
        self.next().to_string()
    }
}

pub(super) struct Run {
    pub(super) job: Job,
    pub(super) next: Next,
    pub(super) now_ms: u64,
    drawn: u64,
    blueprint: Blueprint,
    runs: u32,
    /// Sub-jobs that have ended or were stopped: none of them may come back.
    gone: BTreeSet<JobId>,
    pub(super) added: usize,
    pub(super) finished: usize,
    decisions: usize,
    log: Vec<String>,
}

impl Run {
    pub(super) fn new() -> Self {
        let mut run = Self {
            job: new_job(),
            next: Next::Rest,
            now_ms: NOW_MS,
            drawn: 1_000,
            blueprint: blueprint(),
            runs: 0,
            gone: BTreeSet::new(),
            added: 0,
            finished: 0,
            decisions: 0,
            log: Vec::new(),
        };
        run.apply(&Event::Submitted);
        run
    }

    pub(super) fn strike(&mut self, blow: &Blow) {
        if let Blow::Timer(ms) = blow {
            self.now_ms += u64::from(ms % 4_000);
        }
        let running = self.next == Next::RunHandler;
        // Nothing comes between a handler and its answer: they are one step.
        if running != matches!(blow, Blow::Handler(..)) {
            return;
        }
        // Now and then one that is none of the job's.
        let pick = |number: u8, count: usize| {
            (!number.is_multiple_of(8) && count > 0).then(|| usize::from(number) % count)
        };
        let (tasks, children) = (self.job.open_tasks(), self.job.open_children());
        let task = |number: u8| {
            pick(number, tasks.len()).map_or(TaskId(Uuid::nil()), |place| tasks[place])
        };
        let event = match blow {
            Blow::Handler(kind, more) => Event::Returned(answer(*kind, *more, self.now_ms)),
            Blow::Report(which, how) => {
                let statuses = [
                    "success",
                    "success",
                    "failure",
                    "failure",
                    "failure",
                    "cancelled",
                    "odd",
                ];
                let codes = [None, Some("PERMANENT_ERROR"), Some("QUOTA_EXCEEDED")];
                Event::Reported(Report {
                    task: task(*which),
                    lease: Some(LeaseId(1)),
                    worker: "w".into(),
                    status: statuses[usize::from(*how) % statuses.len()].to_owned(),
                    data: None,
                    failure: Failure {
                        code: codes[usize::from(how / 8) % codes.len()].map(str::to_owned),
                        ..Failure::default()
                    },
                })
            }
            Blow::Lose(which, why) => Event::Lost(Loss {
                task: task(*which),
                lease: None,
                worker: Some("w".into()),
                why: [
                    Lost::LeaseExpired,
                    Lost::ExecutionTimeout,
                    Lost::DispatchTimeout,
                    Lost::ResultTimeout,
                ][usize::from(why % 4)],
            }),
            Blow::Child(which, how) => {
                // A sub-job that has ended before may be told of again.
                let stale = self.gone.last().copied().unwrap_or(JobId(Uuid::nil()));
                Event::ChildEnded(ChildEnd {
                    job: pick(*which, children.len()).map_or(stale, |place| children[place]),
                    status: [
                        JobStatus::Completed,
                        JobStatus::Failed,
                        JobStatus::Cancelled,
                        JobStatus::Quarantined,
                    ][usize::from(how % 4)],
                    result: None,
                    failure: None,
                    outside: how.is_multiple_of(3),
                })
            }
            Blow::Decide(how) => Event::Decided(Choice {
                decision: ["yes", "yes", "yes", "no", "timeout"][usize::from(how % 5)].to_owned(),
                by: "p".to_owned(),
                comment: None,
                token_digest: (how.is_multiple_of(7)).then(|| "another".to_owned()),
            }),
            Blow::Signal(how) => Event::Signalled(Signal {
                name: if how.is_multiple_of(3) { "other" } else { "e" }.to_owned(),
                payload: json!(how),
            }),
            Blow::Timer(_) => Event::TimerDue,
            Blow::Cancel => Event::CancelRequested,
            Blow::Release => Event::Released,
            Blow::Discard => Event::Discarded,
        };
        self.apply(&event);
    }

    pub(super) fn apply(&mut self, event: &Event) {
        let before = self.job.clone();
        let once = self.step(&before, event.clone());
        let again = self.step(&before, event.clone());
        self.log.push(format!("{event:?} -> {once:?}"));
        assert_eq!(
            self.log.last(),
            Some(&format!("{event:?} -> {again:?}")),
            "replayed otherwise"
        );
        let due = before.timer_at_ms.is_some_and(|at_ms| at_ms <= self.now_ms);
        if matches!(event, Event::TimerDue) && !before.status.is_terminal() {
            assert_eq!(
                once.is_ok(),
                due,
                "a timer is due when its time has come, and not before"
            );
        }
        let Ok(step) = once else { return };
        self.check_event(&before, event);
        self.check_effects(&before, &step, event);
        let outside = matches!(
            event,
            Event::Reported(_)
                | Event::Decided(_)
                | Event::Signalled(_)
                | Event::Released
                | Event::Submitted
        ) || matches!(event, Event::ChildEnded(end) if end.outside)
            || matches!(before.wait.as_deref(), Some(Wait::Sleep { for_ms, .. }) if *for_ms >= 1_000)
            || before.mailbox.len() > step.job.mailbox.len();
        if outside {
            self.runs = 0;
        }
        self.runs += u32::from(step.next == Next::RunHandler);
        assert!(self.runs <= TRANSITIONS_MAX, "the loop guard let it run on");
        self.decisions += usize::from(matches!(event, Event::Decided(_)));
        self.drawn += 100;
        self.job = step.job;
        self.next = step.next;
        self.check_job();
    }

    fn step(&self, job: &Job, event: Event) -> Result<Step, avtomatika_engine::machine::Ignored> {
        let env = Env {
            now_ms: self.now_ms,
            draw: &Numbers(AtomicU64::new(self.drawn)),
            jitter: 0.5,
            transitions_max: TRANSITIONS_MAX,
        };
        step(job, event, &self.blueprint, &env)
    }

    /// What changed the job was meant for it, and for where it is.
    fn check_event(&self, before: &Job, event: &Event) {
        let aside = before.status == JobStatus::Quarantined;
        let meant = match event {
            Event::Reported(report) => before.open_tasks().contains(&report.task),
            Event::Lost(loss) => before.open_tasks().contains(&loss.task),
            Event::ChildEnded(end) => {
                before.open_children().contains(&end.job) && !self.gone.contains(&end.job)
            }
            Event::Decided(choice) => {
                matches!(before.wait.as_deref(), Some(Wait::Approval(_)))
                    && choice.decision == "yes"
                    && choice.token_digest.is_none()
            }
            Event::Released | Event::Discarded => aside,
            _ => true,
        };
        assert!(meant, "{event:?} changed {before:?}");
        let for_the_quarantined = matches!(event, Event::Released | Event::Discarded);
        assert!(
            !before.status.is_terminal() || for_the_quarantined,
            "an ended job changed"
        );
    }

    /// Tasks and sub-jobs there were, less those that are over, and those that are new, are those
    /// there are.
    fn check_effects(&mut self, before: &Job, step: &Step, event: &Event) {
        let mut tasks: BTreeSet<TaskId> = before.open_tasks().into_iter().collect();
        for change in &step.tasks {
            match change {
                TaskChange::Add(task, entry) => {
                    assert_eq!((task.id, task.job_id), (entry.task_id, before.id));
                    assert!(tasks.insert(task.id), "one id for two tasks");
                    self.added += 1;
                }
                TaskChange::Retry { task, .. } => {
                    assert!(tasks.contains(task), "retried a stranger");
                }
                TaskChange::Finish { task, .. } => {
                    assert!(tasks.remove(task), "finished a stranger");
                    self.finished += 1;
                }
            }
        }
        assert_eq!(
            tasks,
            step.job.open_tasks().into_iter().collect(),
            "the queue and the job must agree"
        );
        assert_eq!(
            self.added,
            self.finished + tasks.len(),
            "every task is open or over"
        );
        let mut children: BTreeSet<JobId> = before.open_children().into_iter().collect();
        if let Event::ChildEnded(end) = event {
            children.remove(&end.job);
            self.gone.insert(end.job);
        }
        for stopped in &step.stop {
            assert!(children.remove(stopped), "stopped a stranger");
            self.gone.insert(*stopped);
        }
        for spawn in &step.spawn {
            assert!(
                !self.gone.contains(&spawn.id) && children.insert(spawn.id),
                "one id for two sub-jobs"
            );
        }
        assert_eq!(
            children,
            step.job.open_children().into_iter().collect(),
            "each sub-job is waited for until it is over"
        );
    }

    /// A job that waits names something that a timer, a worker, a sub-job or a person delivers.
    fn check_job(&self) {
        let job = &self.job;
        let (tasks, children) = (job.open_tasks(), job.open_children());
        let timed = job.timer_at_ms.is_some();
        assert_eq!(
            job.decisions.len(),
            self.decisions,
            "each decision is recorded once"
        );
        assert!(job.mailbox.len() <= MAILBOX_MAX);
        if job.status.is_terminal() || self.next == Next::RunHandler {
            assert!(
                job.wait.is_none()
                    && job.work.is_none()
                    && !timed
                    && tasks.is_empty()
                    && children.is_empty(),
                "{job:?}"
            );
            return;
        }
        assert!(
            job.work.is_none() || job.wait.is_none(),
            "it waits for one thing"
        );
        let delivered = match (job.status, job.wait.as_deref()) {
            (JobStatus::WaitingForWorker, None) => tasks.len() == 1 && !timed,
            (JobStatus::AwaitingRetry, None) => timed && tasks.is_empty(),
            (JobStatus::WaitingForParallelTasks, Some(Wait::Fork(_))) => {
                !(tasks.is_empty() && children.is_empty())
            }
            (JobStatus::WaitingForSubJob, Some(Wait::Child(child))) => children == [child.job],
            (JobStatus::WaitingForHuman, Some(Wait::Approval(asked))) => {
                timed || asked.transitions.keys().any(|name| name != "timeout")
            }
            (JobStatus::WaitingForEvent, Some(Wait::Signal(_))) => {
                job.mailbox.iter().all(|kept| kept.name != "e")
            }
            (JobStatus::Sleeping, Some(Wait::Sleep { .. })) => timed,
            _ => false,
        };
        assert!(delivered, "nothing ends that wait: {job:?}");
        assert!(
            job.waits_since_ms
                .is_none_or(|since_ms| since_ms <= self.now_ms)
        );
    }
}
