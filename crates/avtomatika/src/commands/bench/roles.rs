//! What a child of the bench does: serve, as a process of its own, until its standard input
//! closes. That way it ends with the bench, however the bench ends.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use avtomatika::{
    Access, Action, Blueprint, ClientEntry, Dispatch, Embedded, EmbeddedOptions, EndAs, Options,
    Server, Settings,
};
use avtomatika_engine::clock::{Clock as _, SystemClock};
use avtomatika_engine::seal::Sealer;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::args::BenchRole;

/// The client's token at a measured server.
pub(super) const CLIENT_TOKEN: &str = "bench-client";
/// The workers' token at a measured server.
pub(super) const WORKER_TOKEN: &str = "bench-worker";
/// Where the one-task blueprint is posted to; the floor answers there, too.
pub(super) const PATH: &str = "/api/jobs/bench";
/// The task of that blueprint.
pub(super) const TASK: &str = "noop";
/// The rows with a million jobs need room beside them.
const LIVE_JOBS_MAX: u64 = 4_000_000;

/// Serves until the bench closes our standard input.
pub(crate) async fn run(role: BenchRole) -> anyhow::Result<ExitCode> {
    let stop = CancellationToken::new();
    let serve = async {
        match &role {
            BenchRole::Floor => floor(stop.clone()).await,
            BenchRole::Server { data_dir } => server(data_dir, stop.clone()).await,
        }
    };
    let hang_up = async {
        let mut nothing = [0; 1];
        // Whatever ends the reading: nobody is there any more.
        let _read = tokio::io::stdin().read(&mut nothing).await;
        stop.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = serve => ended?,
        () = hang_up => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// A bare server of the same framework: one route that reads JSON and writes JSON.
async fn floor(stop: CancellationToken) -> anyhow::Result<()> {
    async fn echo(Json(body): Json<Value>) -> Json<Value> {
        Json(body)
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    announce(listener.local_addr()?)?;
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        // As our own listener does; a connection without it works, too.
        let _slow = stream.set_nodelay(true);
    });
    let router = Router::new().route(PATH, post(echo));
    axum::serve(listener, router)
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await?;
    Ok(())
}

/// The server with the embedded store and a blueprint of one task.
async fn server(data_dir: &Path, stop: CancellationToken) -> anyhow::Result<()> {
    let store = Embedded::open(EmbeddedOptions::new(data_dir), SystemClock.now_ms())?;
    let flow = Blueprint::builder("bench")
        .endpoint("/jobs/bench")
        .start("start", |_| {
            Ok(Action::dispatch(
                Dispatch::new(TASK)
                    .on("success", "finished")
                    .on("failure", "failed"),
            ))
        })
        .end("finished", EndAs::Completed)
        .end("failed", EndAs::Failed)
        .build()?;
    let mut options = Options::new(Arc::new(store), Sealer::new([0; 32])).blueprint(flow);
    options.settings = Settings {
        live_jobs_per_client_max: LIVE_JOBS_MAX,
        live_jobs_max: LIVE_JOBS_MAX,
        ..Settings::default()
    };
    let access = Access::default()
        .client(ClientEntry {
            id: "bench".into(),
            token: CLIENT_TOKEN.to_owned(),
            trusted: false,
        })
        .worker_token(WORKER_TOKEN);
    let metrics = avtomatika_server::metrics::install();
    let options = avtomatika_server::Options::new(options.build(), access, metrics);
    let server = Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), options).await?;
    announce(server.local_addr()?)?;
    server.run(stop).await?;
    Ok(())
}

/// Tells the bench where we are.
fn announce(addr: SocketAddr) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{addr}")?;
    out.flush()?;
    Ok(())
}
