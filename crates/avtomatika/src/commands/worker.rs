//! `avtomatika worker …`: a worker in a process of its own.

use std::process::ExitCode;
use std::time::Duration;

use avtomatika_bot_runner::options::RunnerOptions;
use avtomatika_worker::{Worker, WorkerBuilder};

use super::{bot_runner, echo};
use crate::args::{ConnectArgs, EchoArgs, RunnerArgs};
use crate::signals;

/// A builder for a worker with these connection settings.
fn builder(connect: &ConnectArgs, kind: &str) -> WorkerBuilder {
    let id = connect
        .worker_id
        .clone()
        .unwrap_or_else(|| format!("{kind}-{}", uuid::Uuid::now_v7().simple()));
    let worker = Worker::builder(&connect.url, id)
        .tls(connect.tls.files())
        .worker_type(kind);
    match &connect.token {
        Some(token) => worker.token(token),
        None => worker,
    }
}

/// `avtomatika worker echo`.
pub(crate) async fn echo(args: EchoArgs) -> anyhow::Result<ExitCode> {
    let shutdown = signals::shutdown()?;
    let work = Duration::from_millis(args.work_ms);
    echo::register(builder(&args.connect, "echo"), work)
        .build()?
        .run(shutdown)
        .await?;
    Ok(ExitCode::SUCCESS)
}

/// `avtomatika worker bot-runner`.
pub(crate) async fn bot_runner(args: RunnerArgs) -> anyhow::Result<ExitCode> {
    let shutdown = signals::shutdown()?;
    // Bots belong to the runner's name, so without a given one it must not change.
    let id = args
        .connect
        .worker_id
        .clone()
        .unwrap_or_else(|| "bot-runner-1".to_owned());
    let mut options = RunnerOptions::new(&id, &args.state_dir);
    options.telegram_api_url = args.telegram_api_url;
    bot_runner::apply(&mut options, &args.bots);
    let connect = ConnectArgs {
        worker_id: Some(id),
        ..args.connect
    };
    bot_runner::run(options, builder(&connect, "bot-runner"), shutdown).await?;
    Ok(ExitCode::SUCCESS)
}
