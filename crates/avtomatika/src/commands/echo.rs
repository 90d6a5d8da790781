//! The worker of the built-in `test_flow`: repeats a message.

use std::time::Duration;

use avtomatika_worker::{Failure, TaskContext, WorkerBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

/// Characters of the longest answer.
const ANSWER_CHARS_MAX: usize = 1 << 20;

#[derive(Deserialize)]
struct Echo {
    #[serde(default)]
    message: String,
    #[serde(default = "once")]
    multiply: u32,
}

fn once() -> u32 {
    1
}

/// Installs the handler of `echo_task`, which pretends to work for so long.
pub(crate) fn register(worker: WorkerBuilder, work: Duration) -> WorkerBuilder {
    worker.task("echo_task", move |context: TaskContext| async move {
        if !work.is_zero() {
            tokio::time::sleep(work).await;
        }
        answer(&context)
    })
}

fn answer(context: &TaskContext) -> Result<Value, Failure> {
    let echo: Echo = context.params()?;
    let times = usize::try_from(echo.multiply).unwrap_or(usize::MAX);
    if (echo.message.len() + 1).saturating_mul(times) > ANSWER_CHARS_MAX {
        return Err(avtomatika_worker::invalid_input(format!(
            "the answer would be longer than {ANSWER_CHARS_MAX} characters"
        )));
    }
    let repeated = vec![echo.message.as_str(); times].join(" ");
    Ok(json!({
        "processed_message": repeated,
        "original_message": echo.message,
        "multiplied_by": echo.multiply,
    }))
}
