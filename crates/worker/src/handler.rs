//! Handlers by task type, and what happens when one panics.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use avtomatika_protocol::worker::Outcome;

use crate::outcome::{IntoOutcome, permanent, transient};
use crate::task::TaskContext;

type HandlerFuture = Pin<Box<dyn Future<Output = Outcome> + Send>>;
type Handler = Box<dyn Fn(TaskContext) -> HandlerFuture + Send + Sync>;

/// The handlers of a worker.
#[derive(Default)]
pub(crate) struct Handlers {
    by_type: BTreeMap<String, Handler>,
}

impl Handlers {
    /// Adds a handler; false if the task type already has one.
    pub(crate) fn add<F, R>(&mut self, task_type: &str, handler: F) -> bool
    where
        F: Fn(TaskContext) -> R + Send + Sync + 'static,
        R: Future<Output: IntoOutcome> + Send + 'static,
    {
        let boxed: Handler = Box::new(move |context| {
            let running = handler(context);
            Box::pin(async move { running.await.into_outcome() })
        });
        self.by_type.insert(task_type.to_owned(), boxed).is_none()
    }

    pub(crate) fn types(&self) -> impl Iterator<Item = &str> {
        self.by_type.keys().map(String::as_str)
    }

    pub(crate) fn has(&self, task_type: &str) -> bool {
        self.by_type.contains_key(task_type)
    }

    /// Runs the handler for a task. Whatever it does, the result is an outcome.
    pub(crate) fn run(&self, context: TaskContext) -> Running {
        let task_type = context.task().task_type.as_str();
        let Some(handler) = self.by_type.get(task_type) else {
            let failure = permanent(format!("this worker has no handler for {task_type:?}"));
            return Running(State::Failed(Some(Outcome::failure(&failure))));
        };
        // The closure itself runs here, before its future is polled: it may panic as well.
        match catch_unwind(AssertUnwindSafe(|| handler(context))) {
            Ok(future) => Running(State::Running(future)),
            Err(panic) => Running(State::Failed(Some(panicked(&*panic)))),
        }
    }
}

/// A handler at work.
pub(crate) struct Running(State);

enum State {
    Running(HandlerFuture),
    /// Ended before it began.
    Failed(Option<Outcome>),
}

impl Future for Running {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        match &mut self.0 {
            // The future is never polled again after a panic, so nothing can see a broken state
            // of its own; what it shares with others is the handler's business (`Mutex` poisons).
            State::Running(future) => {
                match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
                    Ok(poll) => poll,
                    Err(panic) => {
                        self.0 = State::Failed(None);
                        Poll::Ready(panicked(&*panic))
                    }
                }
            }
            State::Failed(outcome) => outcome.take().map_or(Poll::Pending, Poll::Ready),
        }
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Outcome {
    let words = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    tracing::error!(panic = words, "a task handler panicked");
    Outcome::failure(&transient(format!("the task's handler panicked: {words}")))
}
