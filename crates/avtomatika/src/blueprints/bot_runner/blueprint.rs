//! The states, and which handler decides in each.

use std::sync::Arc;

use avtomatika_engine::blueprint::BuildError;
use avtomatika_engine::{Blueprint, EndAs};
use serde_json::json;

use super::halt::handler;
use super::{BotRunnerOptions, abort, door, init, list, placing, read, restart, stop, update};

/// The end state of a job that did what it was asked.
pub(super) const COMPLETED: &str = "completed";
/// The end state of a job that did not.
pub(super) const FAILED: &str = "failed";
/// Where a bot is given to a worker.
pub(super) const PLACING: &str = "placing";

/// The blueprint `bot_runner`, posted to `/api/jobs/bot_runner`.
///
/// # Errors
/// Never for this blueprint; its parts are fixed.
pub fn bot_runner(options: BotRunnerOptions) -> Result<Blueprint, BuildError> {
    let options = Arc::new(options);
    let policy = options.spec.clone();
    Blueprint::builder("bot_runner")
        .endpoint("/jobs/bot_runner")
        .secret("env_vars")
        .secret("registry_auth")
        .input_schema(json!({"type": "object", "description": "see docs/bots.md"}))
        .check_input(move |client, body| door::check(&policy, client, &body))
        .start("init", handler(&options, init::init))
        .state(PLACING, handler(&options, placing::placing))
        .state("bot_started", handler(&options, placing::started))
        .state("start_failed", handler(&options, placing::failed))
        .state("bot_updated", handler(&options, update::updated))
        .state("update_failed", handler(&options, update::failed))
        .state("bot_restarted", handler(&options, restart::restarted))
        .state("restart_failed", handler(&options, restart::failed))
        .state("bot_stopped", handler(&options, stop::stopped))
        .state("stop_failed", handler(&options, stop::failed))
        .state("logs_received", handler(&options, read::received))
        .state("logs_failed", handler(&options, read::failed))
        .state("status_received", handler(&options, read::received))
        .state("status_failed", handler(&options, read::failed))
        .state("list_received", handler(&options, list::received))
        .state("list_failed", handler(&options, list::received))
        .end(COMPLETED, EndAs::Completed)
        .end(FAILED, EndAs::Failed)
        .on_abort(handler(&options, abort::abort))
        .build()
}
