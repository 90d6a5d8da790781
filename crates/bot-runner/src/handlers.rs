//! The runner's operations as task handlers of a worker.

use std::future::Future;
use std::time::Duration;

use avtomatika_protocol::Failure;
use avtomatika_protocol::bot::StartSpec;
use avtomatika_worker::{Outcome, TaskContext, WorkerBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::bot::BotId;
use crate::failure::{self, Text};
use crate::ops::logs::LogQuery;
use crate::ops::start::StartRequest;
use crate::phases::Phases;
use crate::runner::Runner;

/// How many lines `get_logs` gives when it isn't told.
const LINES: usize = 100;

/// Installs the runner's task handlers: `start_bot`, `stop_bot`, `get_logs`, `list_bots`,
/// `check_status`, `update_bot`, `restart_bot`. Starts and updates are few at once, because each
/// may install packages and has the machine's cores until its gate passed.
pub fn register(runner: &Runner, builder: WorkerBuilder) -> WorkerBuilder {
    let builder = builder
        .type_limit("start_bot", 4)
        .type_limit("update_bot", 4)
        .type_limit("restart_bot", 4)
        .type_limit("get_logs", 32);
    let builder = task(builder, runner, "start_bot", start);
    let builder = task(builder, runner, "update_bot", update);
    let builder = task(builder, runner, "restart_bot", restart);
    let builder = task(builder, runner, "stop_bot", stop);
    let builder = task(builder, runner, "get_logs", logs);
    let builder = task(builder, runner, "list_bots", list);
    task(builder, runner, "check_status", status)
}

fn task<F, R>(builder: WorkerBuilder, runner: &Runner, task_type: &str, handler: F) -> WorkerBuilder
where
    F: Fn(Runner, TaskContext) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Value, Failure>> + Send + 'static,
{
    let runner = runner.clone();
    builder.task(task_type, move |context: TaskContext| {
        let working = handler(runner.clone(), context);
        async move {
            match Box::pin(working).await {
                Ok(data) => Outcome::success(data),
                Err(failure) if failure::is_cancelled(&failure) => Outcome::cancelled(),
                Err(failure) => Outcome::failure(&failure),
            }
        }
    })
}

async fn start(runner: Runner, context: TaskContext) -> Result<Value, Failure> {
    let (request, _) = request(&runner, &context)?;
    answer(
        &runner
            .start(&request, &Told(&context), context.cancelled())
            .await?,
    )
}

async fn update(runner: Runner, context: TaskContext) -> Result<Value, Failure> {
    let (request, keep_env) = request(&runner, &context)?;
    let told = Told(&context);
    answer(
        &runner
            .update(&request, keep_env, &told, context.cancelled())
            .await?,
    )
}

async fn restart(runner: Runner, context: TaskContext) -> Result<Value, Failure> {
    let bot = bot(&context)?;
    answer(
        &runner
            .restart(&bot, &Told(&context), context.cancelled())
            .await?,
    )
}

async fn stop(runner: Runner, context: TaskContext) -> Result<Value, Failure> {
    answer(&runner.stop(&bot(&context)?).await?)
}

async fn status(runner: Runner, context: TaskContext) -> Result<Value, Failure> {
    answer(&runner.status(&bot(&context)?).await?)
}

async fn list(runner: Runner, context: TaskContext) -> Result<Value, Failure> {
    let params: ListParams = context.params()?;
    answer(&runner.list(&params.user_id).await?)
}

async fn logs(runner: Runner, context: TaskContext) -> Result<Value, Failure> {
    let bot = bot(&context)?;
    let params: LogParams = context.params()?;
    let query = LogQuery {
        lines: params.lines.unwrap_or(LINES),
        cursor: params.cursor,
        wait: Duration::from_millis(params.wait_ms.unwrap_or_default()),
    };
    tokio::select! {
        () = context.cancelled().cancelled() => Err(failure::cancelled()),
        read = runner.logs(&bot, &query) => answer(&read?),
    }
}

#[derive(Deserialize)]
struct ListParams {
    user_id: String,
}

#[derive(Deserialize)]
struct LogParams {
    lines: Option<usize>,
    cursor: Option<String>,
    wait_ms: Option<u64>,
}

fn answer(data: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(data).map_err(|error| failure::container("write the answer", &error))
}

/// Whose bot a task is about.
fn bot(context: &TaskContext) -> Result<BotId, Failure> {
    let bot: BotId = context.params()?;
    if bot.user_id.is_empty() || bot.bot_id.is_empty() {
        return Err(no_bot());
    }
    Ok(bot)
}

/// Checks the params of a start or an update, whatever the orchestrator already checked. The
/// flag says that no environment was given.
fn request(runner: &Runner, context: &TaskContext) -> Result<(StartRequest, bool), Failure> {
    let bot = bot(context)?;
    let params: Value = context.params()?;
    let spec = StartSpec::validate_with(&params, &runner.options().policy)?;
    let keep_env = params.get("env_vars").is_none_or(Value::is_null);
    let spec_version = params.get("spec_version").cloned().unwrap_or(json!(1));
    Ok((
        StartRequest {
            bot,
            spec,
            spec_version,
        },
        keep_env,
    ))
}

fn no_bot() -> Failure {
    Text {
        code: "VALIDATION_ERROR",
        message: "user_id and bot_id must not be empty",
        hint: "this is the orchestrator's business: tell the operator",
        ru_message: "user_id и bot_id не должны быть пустыми",
        ru_hint: "это дело оркестратора: сообщите администратору",
    }
    .failure()
}

/// Progress events of a task.
struct Told<'a>(&'a TaskContext);

impl Phases for Told<'_> {
    fn phase(&self, phase: &str, message: &str) {
        self.0.progress(phase, message, None);
    }
}
