use avtomatika_worker::{Failure, TaskContext, Worker};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

async fn greet(task: TaskContext) -> Result<Value, Failure> {
    let params: Value = task.params()?;
    Ok(json!({"processed_message": format!("Hello, {}!", params["message"])}))
}

#[tokio::main]
async fn main() -> Result<(), avtomatika_worker::Error> {
    let worker = Worker::builder("http://127.0.0.1:8080", "greeter-1")
        .token(std::env::var("WORKER_TOKEN").unwrap_or_default())
        .task("echo_task", greet)
        .build()?;
    worker.run(CancellationToken::new()).await
}
