//! A lane: one slot, and the tasks that run in it one after the other.

use std::sync::Arc;

use avtomatika_protocol::worker::{Outcome, TaskMessage};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::outcome::transient;
use crate::progress::Sink;
use crate::run::{Run, Stop};
use crate::session::Session;
use crate::slots::Slot;
use crate::task::TaskContext;

/// A task that is named in heartbeats until this is dropped, even if its lane is cut short.
struct Begun {
    session: Arc<Session>,
    run: Arc<Run>,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.session.running.end(&self.run);
    }
}

impl Session {
    /// Starts a lane with its first task.
    pub(crate) fn start_lane(
        self: &Arc<Self>,
        lanes: &mut JoinSet<()>,
        slot: Slot,
        first: TaskMessage,
    ) {
        let session = Arc::clone(self);
        // Named before the lane is scheduled, so that no heartbeat in between leaves it out.
        let run = session.begin(first);
        if session.is_seed_era() {
            session.heartbeat_now.notify_one();
        }
        lanes.spawn(async move {
            session.run_lane(slot, run).await;
            if session.is_seed_era() {
                session.heartbeat_now.notify_one();
            }
        });
    }

    async fn run_lane(self: &Arc<Self>, slot: Slot, first: Option<Begun>) {
        let mut slot = Some(slot);
        let mut current = first;
        while let Some(begun) = current {
            let run = &begun.run;
            let outcome = self.run_task(run).await;
            let next = match outcome {
                Some(outcome) => self.deliver(run, outcome, &mut slot).await,
                None => None,
            };
            // Before the old task is ended: a heartbeat in between must find the new one.
            current = next.and_then(|task| self.begin(task));
        }
    }

    /// Notes a task as running; `None` if this very hand-out is running already.
    fn begin(self: &Arc<Self>, task: TaskMessage) -> Option<Begun> {
        let run = Arc::new(Run::new(task, Sink::to_server(&self.progress)));
        let new = self.running.begin(&run);
        if !new {
            tracing::debug!(task_id = %run.task.task_id, "was handed the same task twice");
        }
        new.then(|| Begun {
            session: Arc::clone(self),
            run,
        })
    }

    /// Runs the handler; `None` if there is nothing to report.
    async fn run_task(&self, run: &Arc<Run>) -> Option<Outcome> {
        self.running.supersede(run).await;
        let task = &run.task;
        let span = tracing::info_span!(
            "task", job_id = %task.job_id, task_id = %task.task_id, r#type = task.task_type,
        );
        // `None`: the handler was stopped before it was done, or before it began.
        let outcome = self.run_handler(run).instrument(span).await;
        match (run.stopped(), outcome) {
            (None, outcome) => outcome,
            (Some(Stop::Lost), _) => None,
            (Some(Stop::Cancelled), _) => Some(Outcome::cancelled()),
            // Done in time, after all.
            (Some(Stop::Draining), Some(outcome)) if outcome.status() != "failure" => Some(outcome),
            (Some(Stop::Draining), _) => Some(Outcome::failure(&transient(
                "the worker went down before the task was done",
            ))),
        }
    }

    async fn run_handler(&self, run: &Arc<Run>) -> Option<Outcome> {
        let _type_slot = tokio::select! {
            biased;
            slot = self.shared.slots.take_type(&run.task.task_type) => slot,
            () = run.token.cancelled() => return None,
        };
        if run.stopped().is_some() {
            return None;
        }
        let mut handler = self.shared.handlers.run(TaskContext::new(Arc::clone(run)));
        tokio::select! {
            biased;
            outcome = &mut handler => Some(outcome),
            () = run.token.cancelled() => {
                let grace = self.shared.settings.cancel_grace;
                let outcome = tokio::time::timeout(grace, &mut handler).await.ok();
                if outcome.is_none() {
                    tracing::warn!("dropped a handler that did not stop when its task was cancelled");
                }
                outcome
            }
        }
    }
}
