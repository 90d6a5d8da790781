//! One step: job and event in, changed job and effects out.

use avtomatika_protocol::JobStatus;

use super::{Env, Event, Ignored, Job, failure, returned};
use crate::blueprint::{Blueprint, EndAs, LastTask, State};
use crate::storage::TaskChange;

/// What came of an event.
#[derive(Debug)]
pub struct Step {
    /// The job after it.
    pub job: Job,
    /// What becomes of its tasks.
    pub tasks: Vec<TaskChange>,
    /// Whether a handler must run before the step is complete.
    pub next: Next,
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
pub fn step(job: &Job, event: Event, blueprint: &Blueprint, env: &Env) -> Result<Step, Ignored> {
    if job.status.is_terminal() {
        return Err(Ignored::JobEnded);
    }
    let mut step = Step {
        job: job.clone(),
        tasks: Vec::new(),
        next: Next::Rest,
    };
    step.job.updated_at_ms = env.now_ms;
    match event {
        Event::Submitted => step.run_handler(env),
        Event::Returned(Ok(action)) => returned::decided(&mut step, action, blueprint, env),
        Event::Returned(Err(error)) => returned::failed(&mut step, &error, env),
        Event::Reported {
            task,
            lease,
            worker,
            status,
            data,
            failure,
        } => {
            let work = step.take_work(task)?;
            step.job.transitions = 0;
            step.job.answered = lease;
            let earlier = step.earlier_attempt();
            step.job.last_task = Some(LastTask {
                task_type: work.task_type.to_string(),
                status: status.clone(),
                worker: Some(worker),
                failure: (status == "failure").then(|| failure.clone()),
                lost_at: earlier.map(|task| task.lost_at).unwrap_or_default(),
            });
            if status == "failure" {
                failure::reported(&mut step, work, lease, failure, blueprint, env);
            } else {
                step.tasks.push(TaskChange::Finish { task, lease });
                if let Some(serde_json::Value::Object(data)) = data {
                    step.job.data.extend(data);
                }
                failure::answered(&mut step, &work, &status, blueprint, env);
            }
        }
        Event::Lost {
            task,
            lease,
            worker,
            why,
        } => {
            let work = step.take_work(task)?;
            failure::lost(&mut step, work, lease, worker, why, blueprint, env);
        }
        Event::RetryDue => {
            let due = job.retry_at_ms.is_some_and(|at_ms| at_ms <= env.now_ms);
            if job.status != JobStatus::AwaitingRetry || !due {
                return Err(Ignored::NotDue);
            }
            step.run_handler(env);
        }
        Event::CancelRequested => {
            if let Some(work) = step.job.work.take() {
                step.tasks.push(TaskChange::Finish {
                    task: work.task,
                    lease: None,
                });
            }
            step.end(JobStatus::Cancelled);
        }
    }
    Ok(step)
}

impl Step {
    /// Takes the job's work off it, if it is this task.
    fn take_work(&mut self, task: avtomatika_protocol::TaskId) -> Result<super::Work, Ignored> {
        match self.job.work.take() {
            Some(work) if work.task == task => Ok(work),
            other => {
                self.job.work = other;
                Err(Ignored::StaleTask)
            }
        }
    }

    /// How the task that has just been tried again went before.
    pub(super) fn earlier_attempt(&mut self) -> Option<LastTask> {
        let last = self.job.last_task.take();
        last.filter(|_| self.job.retry_count > 0)
    }

    /// Counts a transition and has the handler of the current state run, unless the job has gone
    /// round in circles for too long.
    pub(super) fn run_handler(&mut self, env: &Env) {
        self.job.transitions += 1;
        if self.job.transitions > env.transitions_max {
            self.job.failure = Some(
                avtomatika_protocol::Failure::new(
                    "MAX_TRANSITIONS",
                    format!(
                        "the job made more than {} transitions, its blueprint seems to loop",
                        env.transitions_max
                    ),
                )
                .hint("look for states that lead back to each other"),
            );
            self.end(JobStatus::Failed);
            return;
        }
        self.job.status = JobStatus::Running;
        self.job.retry_at_ms = None;
        self.next = Next::RunHandler;
    }

    /// Enters a state of the blueprint by name.
    pub(super) fn enter(&mut self, state: &str, blueprint: &Blueprint, env: &Env) {
        match blueprint.state(state) {
            Some(State::End(how)) => {
                state.clone_into(&mut self.job.state);
                self.job.transitions += 1;
                if *how == EndAs::Completed {
                    // A failure on the way that the blueprint coped with is not the job's.
                    self.job.failure = None;
                }
                self.end(how.status());
            }
            Some(State::Work(_)) => {
                state.clone_into(&mut self.job.state);
                self.job.retry_count = 0;
                self.run_handler(env);
            }
            None => {
                self.job.failure = Some(avtomatika_protocol::Failure::new(
                    "UNKNOWN_STATE",
                    format!("blueprint '{}' has no state '{state}'", blueprint.name),
                ));
                self.end(JobStatus::Quarantined);
            }
        }
    }

    /// Ends the job.
    pub(super) fn end(&mut self, status: JobStatus) {
        self.job.status = status;
        self.job.retry_at_ms = None;
        self.job.work = None;
        self.next = Next::Rest;
    }
}
