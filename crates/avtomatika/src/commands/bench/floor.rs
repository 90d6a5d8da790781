//! The floor: a bare server of the same framework behind the same listener.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use avtomatika_server::http::{Listener, ListenerSettings};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::figures::{Figures, Watch};

pub(super) async fn measure(concurrency: usize, seconds: u64) -> anyhow::Result<Figures> {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = Listener::bind(addr, ListenerSettings::default()).await?;
    let addr = listener.local_addr()?;
    let stop = CancellationToken::new();
    let router = Router::new().route("/api/jobs/bench", post(echo));
    let mut server = JoinSet::new();
    server.spawn(listener.serve(router, stop.clone()));
    let request = Connection::post("/api/jobs/bench", "floor", "{\"message\":\"x\"}");
    let mut slots = JoinSet::new();
    let watch = Watch::start();
    let end = Instant::now() + Duration::from_secs(seconds);
    for _ in 0..concurrency {
        let request = request.clone();
        slots.spawn(async move {
            let mut connection = Connection::open(addr).await?;
            let mut latencies = Vec::new();
            while Instant::now() < end {
                let sent = Instant::now();
                let (status, _) = connection.call(&request).await?;
                anyhow::ensure!(status == 200, "the bare server answered {status}");
                latencies.push(sent.elapsed());
            }
            Ok(latencies)
        });
    }
    let mut all = Vec::new();
    while let Some(done) = slots.join_next().await {
        all.extend(done??);
    }
    let figures = Figures::of(all, &watch);
    stop.cancel();
    server.join_all().await;
    Ok(figures)
}

async fn echo(Json(body): Json<Value>) -> Json<Value> {
    Json(body)
}
