//! The worker of `docs/workers.md`: it greets.
//!
//! Reads `ORCHESTRATOR_URL` and `WORKER_TOKEN`.

use std::env;
use std::time::Duration;

use avtomatika_worker::{Error, Failure, TaskContext, Worker, transient};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

#[derive(Deserialize)]
struct Greet {
    name: String,
    #[serde(default)]
    think_ms: u64,
}

async fn greet(task: TaskContext) -> Result<Value, Failure> {
    // Parameters that don't fit fail the job with INVALID_INPUT_ERROR and the path of the wrong one.
    let Greet { name, think_ms } = task.params()?;
    if name == "nobody" {
        // A code of your own is an answer: the job takes its `failure` transition at once.
        return Err(Failure::new("NOBODY_THERE", "there is nobody to greet"));
    }
    task.progress("think", "looking for words", Some(0.5));
    tokio::select! {
        () = tokio::time::sleep(Duration::from_millis(think_ms)) => {}
        // The job was cancelled, or the worker goes down: clean up and return.
        () = task.cancelled().cancelled() => return Err(transient("stopped half-way")),
    }
    Ok(json!({"text": format!("Hello, {name}!")}))
}

/// The worker, ready to run.
pub fn worker(server: &str, token: &str) -> Result<Worker, Error> {
    Worker::builder(server, "greeter-1")
        .token(token)
        .max_concurrent_tasks(8)
        .describe("resources", json!({"cpu_cores": 4, "ram_gb": 16}))
        .describe("cost_per_second", 0.01)
        .task("greet", greet)
        .build()
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let server = env::var("ORCHESTRATOR_URL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let worker = worker(&server, &env::var("WORKER_TOKEN").unwrap_or_default())?;

    let shutdown = CancellationToken::new();
    let mut running = std::pin::pin!(worker.run(shutdown.clone()));
    tokio::select! {
        ended = &mut running => return ended,
        _ = tokio::signal::ctrl_c() => shutdown.cancel(),
    }
    // No new tasks. Those that run have ten seconds; what is left goes to other workers.
    running.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_greets() {
        let task = TaskContext::for_test("greet", json!({"name": "Ada"}));
        assert_eq!(greet(task).await, Ok(json!({"text": "Hello, Ada!"})));
    }
}
