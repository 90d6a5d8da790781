//! One step: job and event in, changed job and effects out.

use std::sync::Arc;

use avtomatika_protocol::{Failure, JobId, JobStatus, TaskId, WorkerId};
use serde_json::Value;

use super::{Env, Event, Ignored, Job, Wait, child, fork, pause, person, returned, task};
use crate::blueprint::{Blueprint, EndAs, State};
use crate::history::EventKind;
use crate::storage::TaskChange;

/// What came of an event.
#[derive(Debug)]
pub struct Step {
    /// The job after it.
    pub job: Job,
    /// What becomes of its tasks.
    pub tasks: Vec<TaskChange>,
    /// Sub-jobs to be made.
    pub spawn: Vec<Spawn>,
    /// Sub-jobs nobody waits for any more: they are cancelled.
    pub stop: Vec<JobId>,
    /// A question to be posted.
    pub ask: Option<Question>,
    /// Which worker a key is bound to from now on.
    pub bind: Option<(String, WorkerId)>,
    /// What is noted in the job's history.
    pub notes: Vec<Note>,
    /// Whether a handler must run before the step is complete.
    pub next: Next,
}

/// A sub-job to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Spawn {
    /// Its id.
    pub id: JobId,
    /// The blueprint it walks through.
    pub blueprint: String,
    /// Which version of it; the newest if none is named.
    pub version: Option<String>,
    /// What it is given.
    pub input: Value,
}

/// A question to be posted to somebody who can answer it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Where.
    pub url: String,
    /// The question.
    pub message: String,
    /// The decisions there are.
    pub decisions: Vec<String>,
    /// The token that is good for one of them.
    pub token: String,
}

/// A line of a job's history, as far as the machine knows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Note {
    /// What kind of thing happened.
    pub kind: Option<EventKind>,
    /// The task it is about.
    pub task: Option<TaskId>,
    /// Its type.
    pub task_type: Option<Arc<str>>,
    /// The worker that had it.
    pub worker: Option<WorkerId>,
    /// The state the job was in then.
    pub state: String,
    /// The state it led out of.
    pub previous_state: Option<String>,
    /// What went wrong.
    pub failure: Option<Failure>,
    /// What else there is to say.
    pub details: Option<Value>,
}

/// What follows a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The handler of the job's state must run, and its answer be stepped, before anything is
    /// committed.
    RunHandler,
    /// The job rests until another event.
    Rest,
}

/// Applies an event to a job.
///
/// # Errors
/// The reason, when the event changes nothing.
pub fn step(
    job: &Job,
    event: Event,
    blueprint: &Blueprint,
    env: &Env<'_>,
) -> Result<Step, Ignored> {
    step_on(job.clone(), event, blueprint, env)
}

/// The same for a job that is not needed as it was.
///
/// # Errors
/// The reason, when the event changes nothing.
pub fn step_on(
    job: Job,
    event: Event,
    blueprint: &Blueprint,
    env: &Env<'_>,
) -> Result<Step, Ignored> {
    let for_the_quarantined = matches!(event, Event::Released | Event::Discarded);
    if job.status.is_terminal() && !for_the_quarantined {
        return Err(Ignored::JobEnded);
    }
    let mut step = Step::of(job);
    step.job.updated_at_ms = env.now_ms;
    match event {
        Event::Submitted => {
            step.note(Note::of(EventKind::JobCreated));
            step.run_handler(blueprint, env);
        }
        Event::Returned(Ok(action)) => returned::decided(&mut step, action, blueprint, env),
        Event::Returned(Err(error)) => returned::failed(&mut step, &error, env),
        Event::Reported(report) => task::reported(&mut step, report, blueprint, env)?,
        Event::Lost(loss) => task::lost(&mut step, loss, blueprint, env)?,
        Event::TimerDue => pause::timer_due(&mut step, blueprint, env)?,
        Event::ChildEnded(end) => child::ended(&mut step, end, blueprint, env)?,
        Event::Decided(decision) => person::decided(&mut step, decision, blueprint, env)?,
        Event::Signalled(signal) => pause::signalled(&mut step, signal, blueprint, env)?,
        Event::CancelRequested => {
            step.helped();
            step.drop_waits();
            step.end(JobStatus::Cancelled);
        }
        Event::Released => person::released(&mut step, blueprint, env)?,
        Event::Discarded => person::discarded(&mut step)?,
    }
    Ok(step)
}

impl Step {
    fn of(job: Job) -> Self {
        Self {
            job,
            tasks: Vec::new(),
            spawn: Vec::new(),
            stop: Vec::new(),
            ask: None,
            bind: None,
            notes: Vec::new(),
            next: Next::Rest,
        }
    }

    /// Something came from outside: the loop guard starts anew.
    pub(super) fn helped(&mut self) {
        self.job.transitions = 0;
        // Whoever waits for this job must know; nobody else does.
        self.job.helped = self.job.parent.is_some();
    }

    /// Notes something in the job's history.
    pub(super) fn note(&mut self, note: Note) {
        let state = self.job.state.clone();
        self.notes.push(Note { state, ..note });
    }

    /// Lets go of everything the job waits for: tasks are finished, sub-jobs stopped.
    pub(super) fn drop_waits(&mut self) {
        self.stop.extend(self.job.open_children());
        for task in self.job.open_tasks() {
            self.tasks.push(TaskChange::Finish { task, lease: None });
        }
        if let Some(Wait::Fork(mut parallel)) = self.job.wait.take().map(|wait| *wait) {
            fork::close(&mut parallel, "cancelled");
            self.job.branches = fork::results(parallel);
        }
    }

    /// Counts a transition and has the handler of the current state run, unless the job has gone
    /// round in circles for too long.
    pub(super) fn run_handler(&mut self, blueprint: &Blueprint, env: &Env<'_>) {
        self.job.transitions += 1;
        let limit = blueprint.transitions_max.unwrap_or(env.transitions_max);
        if self.job.transitions > limit {
            self.job.failure = Some(
                Failure::new(
                    "MAX_TRANSITIONS",
                    format!(
                        "the job made more than {limit} transitions, its blueprint seems to loop"
                    ),
                )
                .hint("look for states that lead back to each other"),
            );
            self.end(JobStatus::Failed);
            return;
        }
        self.job.status = JobStatus::Running;
        self.job.timer_at_ms = None;
        self.next = Next::RunHandler;
    }

    /// Enters a state of the blueprint by name.
    pub(super) fn enter(&mut self, state: &str, blueprint: &Blueprint, env: &Env<'_>) {
        match blueprint.state(state) {
            Some(State::End(how)) => {
                state.clone_into(&mut self.job.state);
                self.job.transitions += 1;
                self.conclude(*how, None, blueprint);
            }
            Some(State::Work(_)) => {
                let left = std::mem::replace(&mut self.job.state, state.to_owned());
                self.note(Note {
                    previous_state: Some(left),
                    ..Note::of(EventKind::StateEntered)
                });
                self.job.retry_count = 0;
                self.run_handler(blueprint, env);
            }
            None => {
                self.job.failure = Some(Failure::new(
                    "UNKNOWN_STATE",
                    format!("blueprint '{}' has no state '{state}'", blueprint.name),
                ));
                self.end(JobStatus::Quarantined);
            }
        }
    }

    /// Ends the job as its blueprint wants it.
    pub(super) fn conclude(&mut self, how: EndAs, result: Option<Value>, blueprint: &Blueprint) {
        self.job.result = result;
        if how == EndAs::Completed {
            let outcome = self.job.result.as_ref().unwrap_or(&Value::Null);
            if let Err(failure) = blueprint.check_output(outcome) {
                self.job.failure = Some(failure);
                self.end(JobStatus::Failed);
                return;
            }
            // A failure on the way that the blueprint coped with is not the job's.
            self.job.failure = None;
        }
        self.end(how.status());
    }

    /// Ends the job.
    pub(super) fn end(&mut self, status: JobStatus) {
        self.job.status = status;
        self.job.timer_at_ms = None;
        self.job.work = None;
        self.job.wait = None;
        self.job.mailbox.clear();
        self.next = Next::Rest;
        let kind = match status {
            JobStatus::Completed => EventKind::JobCompleted,
            JobStatus::Cancelled => EventKind::JobCancelled,
            JobStatus::Quarantined => EventKind::JobQuarantined,
            _ => EventKind::JobFailed,
        };
        self.note(Note {
            failure: self.job.failure.clone(),
            ..Note::of(kind)
        });
    }

    /// Fails a job whose wait was in vain and has no transition for that.
    pub(super) fn give_up_waiting(&mut self, code: &str, message: &str) {
        self.job.failure = Some(Failure::new(code, message));
        self.end(JobStatus::Failed);
    }
}

impl Note {
    /// A line about the job itself.
    pub(super) fn of(kind: EventKind) -> Self {
        Self {
            kind: Some(kind),
            ..Self::default()
        }
    }
}
