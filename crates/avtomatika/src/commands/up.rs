//! `avtomatika up`: everything on this machine in one process.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use avtomatika::blueprints::{self, BotRunnerOptions};
use avtomatika::{
    Access, ClientEntry, Embedded, EmbeddedOptions, Engine, Options, Server, Settings,
};
use avtomatika_blueprint::Loader;
use avtomatika_bot_runner::options::RunnerOptions;
use avtomatika_engine::clock::{Clock as _, SystemClock};
use avtomatika_engine::seal::Sealer;
use avtomatika_telegram_sim::{Sim, SimOptions};
use avtomatika_worker::Worker;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{blueprint_files, bot_runner, echo, output};
use crate::args::UpArgs;
use crate::local::{self, Local};
use crate::signals;
use crate::traces::{self, Tracer};

/// The runner's name on this machine. Bots carry it, so it must not change between starts.
const RUNNER: &str = "local-bot-runner";

pub(crate) async fn run(args: UpArgs) -> anyhow::Result<ExitCode> {
    let shutdown = signals::shutdown()?;
    let local = Local::open(
        &args.data_dir,
        args.client_token.clone(),
        args.worker_token.clone(),
    )?;
    let traces = args
        .otlp_endpoint
        .as_deref()
        .map(traces::open)
        .transpose()?;
    let (tracer, spans) = traces.unzip();
    let engine = engine(&args, &local, tracer)?;
    let files = blueprint_files::open(args.blueprints.as_deref(), &engine).await?;
    let access = Access::default()
        .client(ClientEntry {
            id: "local".into(),
            token: local.client_token.clone(),
            trusted: true,
        })
        .worker_token(&local.worker_token);
    let access = args
        .access
        .apply(access)
        .worker_auth(args.tls.worker_auth());
    access.load()?;
    let mut options =
        avtomatika_server::Options::new(engine, access, avtomatika_server::metrics::install());
    options.tls = args.tls.open()?;
    // Workers in here, and clients on this machine, need neither certificates nor names in them.
    let has_tls = options.tls.is_some();
    options.local = has_tls.then_some((Ipv4Addr::LOCALHOST, 0).into());
    options.schedules = args.schedules.schedules()?;
    options.webhooks = Some(args.webhooks.settings(&local.webhook_key));
    options.blueprint_files = files.as_ref().map(Loader::board);
    options.history = args.history.open(&args.data_dir).await?;
    let listen = listen_address(&args)?;
    let server = Server::bind(listen, options)
        .await
        .with_context(|| format!("failed to start the server at {listen}"))?;
    let addr = server.local_addr()?;
    let here = server.local_only_addr()?.unwrap_or(addr);
    let client_file = local.announce(here)?;
    if let Err(error) = greet(&local, addr, has_tls, !args.no_bot_runner, &client_file) {
        // The server works without its greeting.
        tracing::warn!(%error, "stdout can't be written to");
    }

    // Workers stop first, so that their last results are still taken.
    let workers_stop = CancellationToken::new();
    let server_stop = CancellationToken::new();
    let mut workers = JoinSet::new();
    let mut servers = JoinSet::new();
    servers.spawn({
        let stop = server_stop.clone();
        async move { server.run(stop).await.map_err(anyhow::Error::from) }
    });
    if let Some(spans) = spans {
        let stop = server_stop.clone();
        servers.spawn(async move {
            spans.run(stop).await;
            Ok(true)
        });
    }
    if let Some(files) = files {
        let stop = server_stop.clone();
        servers.spawn(async move {
            files.run(stop).await;
            Ok(true)
        });
    }
    let sim_url = start_sim(&args, &mut servers, &server_stop).await?;
    start_workers(&args, &local, here, sim_url, &mut workers, &workers_stop)?;

    let mut failed = None;
    tokio::select! {
        () = shutdown.cancelled() => {}
        Some(ended) = workers.join_next() => failed = Some(reason(ended)),
        Some(ended) = servers.join_next() => failed = Some(reason(ended.map(|result| result.map(|_| ())))),
    }
    workers_stop.cancel();
    while let Some(ended) = workers.join_next().await {
        if let Ok(Err(error)) = ended {
            tracing::warn!("a worker ended badly: {error:#}");
        }
    }
    server_stop.cancel();
    let mut clean = true;
    while let Some(ended) = servers.join_next().await {
        clean &= ended.context("the server panicked")??;
    }
    match failed {
        Some(error) => Err(error),
        None if clean => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
    }
}

fn reason(ended: Result<anyhow::Result<()>, tokio::task::JoinError>) -> anyhow::Error {
    match ended {
        Ok(Ok(())) => anyhow::anyhow!("a part of the server ended by itself"),
        Ok(Err(error)) => error,
        Err(error) => anyhow::Error::from(error).context("a part of the server panicked"),
    }
}

fn listen_address(args: &UpArgs) -> anyhow::Result<SocketAddr> {
    match args.listen {
        Some(addr) => Ok(addr),
        None => format!("{}:{}", args.api_host, args.api_port)
            .parse()
            .with_context(|| {
                format!(
                    "failed to read API_HOST '{}' as an IP address",
                    args.api_host
                )
            }),
    }
}

fn engine(args: &UpArgs, local: &Local, tracer: Option<Arc<Tracer>>) -> anyhow::Result<Engine> {
    let settings = Settings {
        lease_ms: args.lease_s.max(1).saturating_mul(1_000),
        heartbeat_interval_ms: (args.lease_s.max(1).saturating_mul(1_000) / 3).min(15_000),
        retention_ms: args.retention_hours.saturating_mul(3_600_000),
        history: args.history.is_on(),
        ..Settings::default()
    };
    let store = EmbeddedOptions {
        lease_ms: settings.lease_ms,
        reserve_bytes: args.disk_reserve_mb << 20,
        ..EmbeddedOptions::new(args.data_dir.join("store"))
    };
    let store = Embedded::open(store, SystemClock.now_ms())?;
    let bots = BotRunnerOptions {
        max_bots_per_user: args.bots.max_bots_per_user,
        ..BotRunnerOptions::default()
    };
    let mut options = Options::new(Arc::new(store), Sealer::new(local.seal_key))
        .blueprint(blueprints::test_flow()?)
        .blueprint(blueprints::bot_runner(bots)?);
    options.settings = settings;
    options.observer = tracer.map(|tracer| tracer as Arc<_>);
    options.resolver = Some(Arc::new(avtomatika_blueprint::Files));
    Ok(options.build())
}

async fn start_sim(
    args: &UpArgs,
    servers: &mut JoinSet<anyhow::Result<bool>>,
    stop: &CancellationToken,
) -> anyhow::Result<Option<String>> {
    if !args.telegram_sim {
        return Ok(None);
    }
    let options = SimOptions {
        listen: args.telegram_sim_listen,
        ..SimOptions::default()
    };
    let sim = Sim::bind(options)
        .await
        .with_context(|| format!("failed to listen on {}", args.telegram_sim_listen))?;
    let url = local::url(sim.local_addr());
    tracing::info!(%url, "telegram-sim is ready");
    let stop = stop.clone();
    servers.spawn(async move {
        sim.run(stop).await;
        Ok(true)
    });
    Ok(Some(url))
}

fn start_workers(
    args: &UpArgs,
    local: &Local,
    addr: SocketAddr,
    telegram_api_url: Option<String>,
    workers: &mut JoinSet<anyhow::Result<()>>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let builder = |name: &str, kind: &str| {
        Worker::builder(local::url(addr), name)
            .token(&local.worker_token)
            .worker_type(kind)
    };
    if !args.no_bot_runner {
        let mut options = RunnerOptions::new(RUNNER, args.data_dir.join("bot-runner"));
        options.telegram_api_url = telegram_api_url;
        bot_runner::apply(&mut options, &args.bots);
        let (worker, stop) = (builder(RUNNER, "bot-runner"), stop.clone());
        workers.spawn(async move { bot_runner::run(options, worker, stop).await });
    }
    if args.echo_worker {
        let (worker, stop) = (
            echo::register(builder("local-echo", "echo"), Duration::ZERO).build()?,
            stop.clone(),
        );
        workers.spawn(async move { Ok(worker.run(stop).await?) });
    }
    // With no workers at all there is nothing to wait for but the signal.
    let stop = stop.clone();
    workers.spawn(async move {
        stop.cancelled().await;
        Ok(())
    });
    Ok(())
}

/// Tells people where everything is; the token only when it is new.
fn greet(
    local: &Local,
    addr: SocketAddr,
    has_tls: bool,
    has_bots: bool,
    client_file: &std::path::Path,
) -> std::io::Result<()> {
    let url = if has_tls {
        format!("https://{addr}")
    } else {
        local::url(addr)
    };
    let with = if has_tls { ", with TLS" } else { "" };
    output::line(format_args!("Avtomatika is up{with}: {url}"))?;
    if local.is_new {
        output::line(format_args!(
            "  client token (shown this once): {}",
            local.client_token
        ))?;
    }
    output::line(format_args!(
        "  {} the server by {}",
        if has_bots {
            "avtomatika jobs and avtomatika-bot find"
        } else {
            "avtomatika jobs finds"
        },
        client_file.display()
    ))?;
    // Without bots there is nothing for their command line to do here.
    let tries = if has_bots {
        "avtomatika-bot list, avtomatika jobs list"
    } else {
        "avtomatika jobs submit v1/jobs/test, avtomatika jobs list"
    };
    output::line(format_args!(
        "  the API, to read and try: {url}/_public/docs"
    ))?;
    output::line(format_args!("  try: {tries}     stop: Ctrl-C"))
}
