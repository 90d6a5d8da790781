//! A response body that notices when it was never sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use avtomatika_engine::Engine;
use avtomatika_protocol::{LeaseId, TaskId};
use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};
use tokio_util::task::TaskTracker;

/// The answer to a poll, with the task in it. If the connection goes away before the body was
/// taken, the task goes back to the queue at once instead of waiting for its lease to run out.
pub struct Delivery {
    bytes: Option<Bytes>,
    engine: Engine,
    tasks: TaskTracker,
    task: TaskId,
    lease: LeaseId,
}

impl Delivery {
    /// A body that carries this task.
    pub fn new(
        bytes: Bytes,
        engine: Engine,
        tasks: TaskTracker,
        task: TaskId,
        lease: LeaseId,
    ) -> Body {
        Body::new(Self {
            bytes: Some(bytes),
            engine,
            tasks,
            task,
            lease,
        })
    }
}

impl http_body::Body for Delivery {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if self.bytes.is_some() {
            let (engine, task, lease) = (self.engine.clone(), self.task, self.lease);
            self.tasks
                .spawn(async move { engine.hand_back(task, lease).await });
        }
    }
}
