//! The tasks jobs dispatch, with their bounds, and how they ended.

use avtomatika_engine::blueprint::LastTask;
use avtomatika_engine::{Context, Dispatch};
use avtomatika_protocol::bot::Verb;
use avtomatika_protocol::{Failure, WorkerId};
use serde_json::Value;

use super::BotRunnerOptions;

/// The state an action's task leads to when it succeeded, and when it failed.
fn ends(verb: Verb) -> (&'static str, &'static str) {
    match verb {
        Verb::Start => ("bot_started", "start_failed"),
        Verb::Update => ("bot_updated", "update_failed"),
        Verb::Restart => ("bot_restarted", "restart_failed"),
        Verb::Stop => ("bot_stopped", "stop_failed"),
        Verb::Logs => ("logs_received", "logs_failed"),
        Verb::Status => ("status_received", "status_failed"),
        Verb::List => ("list_received", "list_failed"),
    }
}

/// The task of an action, for one worker or for whichever takes it.
pub(super) fn task(options: &BotRunnerOptions, verb: Verb, worker: Option<WorkerId>) -> Dispatch {
    let (success, failure) = ends(verb);
    let (retry, dispatch_ms, execution_ms) = match verb {
        Verb::Logs | Verb::Status | Verb::List => (
            options.read_retry,
            options.read_dispatch_ms,
            options.read_execution_ms,
        ),
        Verb::Stop | Verb::Restart => (
            options.change_retry,
            options.change_dispatch_ms,
            options.change_execution_ms,
        ),
        Verb::Start | Verb::Update => {
            let dispatch_ms = match worker {
                Some(_) => options.change_dispatch_ms,
                None => options.start_dispatch_ms,
            };
            (
                options.change_retry,
                dispatch_ms,
                options.start_execution_ms,
            )
        }
    };
    Dispatch::new(verb.task_type())
        .on("success", success)
        .on("failure", failure)
        .to_worker(worker)
        .retry(retry)
        .dispatch_timeout_ms(dispatch_ms)
        .execution_timeout_ms(execution_ms)
}

/// How the last task went.
pub(super) struct Ended<'a> {
    task: Option<&'a LastTask>,
}

impl<'a> Ended<'a> {
    pub(super) fn of(context: &Context<'a>) -> Self {
        Self {
            task: context.last_task,
        }
    }

    /// Who did it.
    pub(super) fn worker(&self) -> Option<WorkerId> {
        self.task.and_then(|task| task.worker.clone())
    }

    pub(super) fn failure(&self) -> Option<&'a Failure> {
        self.task.and_then(|task| task.failure.as_ref())
    }

    pub(super) fn code(&self) -> &'a str {
        let code = self.failure().and_then(|failure| failure.code.as_deref());
        code.unwrap_or_default()
    }

    pub(super) fn is(&self, task_type: &str) -> bool {
        self.task.is_some_and(|task| task.task_type == task_type)
    }

    pub(super) fn succeeded(&self) -> bool {
        self.task.is_some_and(|task| task.status == "success")
    }

    /// Whether no worker took it in time.
    pub(super) fn was_not_taken(&self) -> bool {
        self.code() == "DISPATCH_TIMEOUT"
    }

    /// The worker that had it, when nobody knows what it did: it fell silent, took too long, or
    /// the job was cancelled meanwhile.
    pub(super) fn uncertain_worker(&self) -> Option<WorkerId> {
        let uncertain = match self.failure() {
            None => !self.succeeded(),
            Some(_) => matches!(
                self.code(),
                "WORKER_LOST" | "EXECUTION_TIMEOUT" | "DISPATCH_TIMEOUT"
            ),
        };
        self.worker().filter(|_| uncertain)
    }

    /// Workers that had it before and fell silent: nobody knows what they did.
    pub(super) fn lost_at(&self) -> &'a [WorkerId] {
        self.task.map_or(&[], |task| &task.lost_at)
    }

    /// What the worker said it did with the failed bot: kept it, to go on crashing and be looked
    /// at, or removed it. Nothing, if it did not come to that.
    pub(super) fn kept(&self) -> Option<bool> {
        self.detail("kept")?.as_bool()
    }

    /// A detail of the failure.
    pub(super) fn detail(&self, key: &str) -> Option<&'a Value> {
        self.failure()?.more.get("details")?.get(key)
    }
}
