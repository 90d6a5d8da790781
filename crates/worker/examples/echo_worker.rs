//! A worker that sends back what it gets: `echo_task` with `message` and `multiply`.
//!
//! Reads `ORCHESTRATOR_URL`, `WORKER_ID` and `WORKER_TOKEN`; stops in order on SIGINT and SIGTERM.

use std::env;
use std::time::Duration;

use avtomatika_worker::{Error, Failure, TaskContext, Worker};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[derive(Deserialize)]
struct Params {
    message: String,
    /// How many times to say it.
    #[serde(default = "once")]
    multiply: usize,
    /// How long to take for it.
    #[serde(default)]
    delay_ms: u64,
}

fn once() -> usize {
    1
}

async fn echo(ctx: TaskContext) -> Result<Value, Failure> {
    let Params {
        message,
        multiply,
        delay_ms,
    } = ctx.params()?;
    if delay_ms > 0 {
        ctx.progress("wait", format!("waiting {delay_ms} ms"), Some(0.5));
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(delay_ms)) => {}
            () = ctx.cancelled().cancelled() => {
                return Err(avtomatika_worker::transient("stopped while waiting"));
            }
        }
    }
    let echoed = vec![message; multiply.min(1000)].join(" ");
    Ok(json!({"echoed": echoed, "attempt": ctx.attempt()}))
}

fn setting(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();

    let worker = Worker::builder(
        setting("ORCHESTRATOR_URL", "http://127.0.0.1:8080"),
        setting("WORKER_ID", "echo-1"),
    )
    .token(setting("WORKER_TOKEN", ""))
    .worker_type("echo")
    .task("echo_task", echo)
    .build()?;

    let shutdown = CancellationToken::new();
    let mut running = std::pin::pin!(worker.run(shutdown.clone()));
    tokio::select! {
        ended = &mut running => return ended,
        () = told_to_stop() => shutdown.cancel(),
    }
    running.await
}

async fn told_to_stop() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        // Without signals the worker runs until it is killed.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
