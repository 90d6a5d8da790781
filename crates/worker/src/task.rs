//! What a handler is given.

use std::sync::Arc;

use avtomatika_protocol::worker::TaskMessage;
use avtomatika_protocol::{Failure, JobId, LeaseId, TaskId};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::outcome::invalid_input;
use crate::progress::{self, Progress, Sink};
use crate::run::Run;

/// A task under way: its parameters, its cancellation, and a way to tell how it goes.
///
/// Cheap to clone; all clones are the same task.
///
/// Handlers are tested without a server:
///
/// ```
/// use avtomatika_worker::{Failure, TaskContext};
/// use serde_json::{Value, json};
///
/// async fn greet(ctx: TaskContext) -> Result<Value, Failure> {
///     #[derive(serde::Deserialize)]
///     struct Params { name: String }
///     let params: Params = ctx.params()?;
///     ctx.progress("greet", "clearing my throat", Some(0.5));
///     Ok(json!({"text": format!("Hello, {}!", params.name)}))
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let ctx = TaskContext::for_test("greet", json!({"name": "Ada"}));
/// assert_eq!(greet(ctx.clone()).await, Ok(json!({"text": "Hello, Ada!"})));
/// assert_eq!(ctx.progress_told()[0].phase, "greet");
///
/// let failure = greet(TaskContext::for_test("greet", json!({"name": 7}))).await.unwrap_err();
/// assert_eq!(failure.code.as_deref(), Some("INVALID_INPUT_ERROR"));
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct TaskContext {
    run: Arc<Run>,
}

impl TaskContext {
    pub(crate) fn new(run: Arc<Run>) -> Self {
        Self { run }
    }

    /// A task that no server knows of, to call a handler with in a test. What the handler tells
    /// is kept for [`progress_told`](Self::progress_told), and the test may cancel the token of
    /// [`cancelled`](Self::cancelled) itself.
    pub fn for_test(task_type: &str, params: impl Into<Value>) -> Self {
        let params: Value = params.into();
        let task = TaskMessage {
            job_id: JobId(Uuid::now_v7()),
            task_id: TaskId(Uuid::now_v7()),
            task_type: task_type.to_owned(),
            // A `Value` always has a JSON text; `null` never comes to pass.
            params: serde_json::value::to_raw_value(&params)
                .unwrap_or_else(|_| RawValue::NULL.to_owned()),
            tracing_context: serde_json::Map::new(),
            attempt: 1,
            lease: Some(LeaseId(1)),
            priority: 0.0,
            deadline_at_ms: None,
        };
        Self::new(Arc::new(Run::new(task, Sink::Recorded(Mutex::default()))))
    }

    /// The task as the server sent it.
    pub fn task(&self) -> &TaskMessage {
        &self.run.task
    }

    /// Which hand-out of the task this is, from 1. Above 1 an earlier attempt may have left
    /// things half done.
    pub fn attempt(&self) -> u32 {
        self.run.task.attempt
    }

    /// The task's parameters.
    ///
    /// # Errors
    /// `INVALID_INPUT_ERROR`, naming the path of the value that did not fit.
    pub fn params<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let mut json = serde_json::Deserializer::from_str(self.run.task.params.get());
        serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let what = error.into_inner();
            let failure = if path == "." {
                invalid_input(format!("the parameters are not as expected: {what}"))
            } else {
                invalid_input(format!("the parameter {path} is not as expected: {what}"))
            };
            failure.with("path", path)
        })
    }

    /// Tells whoever watches the job what is being done now. `fraction` is how far the whole
    /// task has come, 0 to 1.
    ///
    /// Never waits. What is told arrives in order, before the result; when there is too much of
    /// it, or the server is away, some of it is lost.
    pub fn progress(
        &self,
        phase: impl Into<String>,
        message: impl Into<String>,
        fraction: Option<f64>,
    ) {
        // JSON knows no NaN, and the server no more than the whole.
        let fraction = fraction
            .filter(|part| part.is_finite())
            .map(|part| part.clamp(0.0, 1.0));
        let progress = Progress {
            phase: phase.into(),
            message: message.into(),
            fraction,
        };
        progress::tell(&self.run, progress);
    }

    /// Cancelled when the handler should stop: its job was cancelled, its lease was lost or the
    /// worker is going down.
    ///
    /// A handler that goes on is dropped at its next `.await` when the worker's `cancel_grace`
    /// is over. What it returns after the cancellation of its job is not reported.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.run.token
    }

    /// What was told by [`progress`](Self::progress) so far, for a context made by
    /// [`for_test`](Self::for_test); empty for others.
    pub fn progress_told(&self) -> Vec<Progress> {
        match &self.run.progress {
            Sink::Recorded(list) => list.lock().clone(),
            Sink::Server { .. } => Vec::new(),
        }
    }
}
