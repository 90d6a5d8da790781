//! The bot runner as a worker: connects to the Docker Engine, waiting for it if need be.

use std::time::Duration;

use avtomatika_bot_runner::options::RunnerOptions;
use avtomatika_bot_runner::runner::Runner;
use avtomatika_worker::WorkerBuilder;
use tokio_util::sync::CancellationToken;

use crate::args::BotRunnerArgs;

/// How often the Docker Engine is looked for while it doesn't answer.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How long bots' operations in flight may take at shutdown.
const DRAIN: Duration = Duration::from_secs(8);

/// Applies the command line's settings.
pub(crate) fn apply(options: &mut RunnerOptions, args: &BotRunnerArgs) {
    options.docker_host.clone_from(&args.docker_host);
    options.bots_per_user_max = usize::try_from(args.max_bots_per_user).unwrap_or(usize::MAX);
    if let Some(image) = &args.base_image {
        options.base_image.clone_from(image);
    }
    if let Some(prefix) = &args.bot_name_prefix {
        options.name_prefix.clone_from(prefix);
    }
    if let Some(pool) = args.bot_network_pool {
        options.network.pool = pool;
    }
    options.gate.deadline = Duration::from_secs(args.bot_ready_s);
}

/// Runs until `shutdown`. Bots keep running when it ends.
pub(crate) async fn run(
    options: RunnerOptions,
    worker: WorkerBuilder,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let mut said = false;
    let runner = loop {
        match Runner::connect(options.clone()).await {
            Ok(runner) => break runner,
            Err(error) if !said => {
                said = true;
                tracing::warn!(
                    docker_host = options.docker_host,
                    %error,
                    "bots can't run yet; looking again every {} s (scripts/docker-up.sh installs and starts a Docker Engine)",
                    LOOK_AGAIN.as_secs()
                );
            }
            Err(error) => tracing::debug!(%error, "the Docker Engine still can't be used"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = shutdown.cancelled() => return Ok(()),
        }
    };
    tracing::info!("the bot runner is ready");
    let worker = avtomatika_bot_runner::register(&runner, worker.drain_timeout(DRAIN)).build()?;
    let result = worker.run(shutdown).await;
    runner.shutdown().await;
    Ok(result?)
}
