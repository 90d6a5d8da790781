//! Request bodies that must come at a pace and be of a bearable size.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::body::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyRefused {
    /// It says of itself that it is longer than the server takes.
    #[error("the body is too large")]
    TooLarge,
    /// It did not come at a bearable pace.
    #[error("the body came too slowly")]
    TooSlow,
}

/// What a connection and the body on it tell each other. Both live in one task: the connection's.
#[derive(Default)]
pub(super) struct BodyWatch {
    /// Somebody wants more of the body than has come.
    waiting: AtomicBool,
    /// The connection has lost its patience.
    overdue: AtomicBool,
    /// A body was refused unread: its client may still be sending it.
    refused: AtomicBool,
    /// How much of the body has come, bytes.
    bytes: AtomicU64,
}

impl BodyWatch {
    /// How much of a body that more is wanted of has come, bytes.
    pub(super) fn wanted_after(&self) -> Option<u64> {
        let waiting = self.waiting.load(Ordering::Relaxed);
        waiting.then(|| self.bytes.load(Ordering::Relaxed))
    }

    /// Has the body fail the next time it is asked for more.
    pub(super) fn lose_patience(&self) {
        self.overdue.store(true, Ordering::Relaxed);
    }

    /// Whether the client may still be sending what nobody will read.
    pub(super) fn was_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    fn refuse(&self, why: BodyRefused) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.waiting.store(false, Ordering::Relaxed);
        self.refused.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Err(why.into())))
    }
}

type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A request's body.
pub(super) struct Paced {
    body: Incoming,
    watch: Arc<BodyWatch>,
    is_too_large: bool,
}

impl Paced {
    /// The body of a connection's next request, at most so many bytes long.
    pub(super) fn new(body: Incoming, watch: Arc<BodyWatch>, max_bytes: u64) -> Self {
        let exact = http_body::Body::size_hint(&body).exact();
        watch.waiting.store(false, Ordering::Relaxed);
        watch.bytes.store(0, Ordering::Relaxed);
        Self {
            body,
            watch,
            is_too_large: exact.is_some_and(|bytes| bytes > max_bytes),
        }
    }
}

impl http_body::Body for Paced {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.is_too_large {
            return self.watch.refuse(BodyRefused::TooLarge);
        }
        if self.watch.overdue.load(Ordering::Relaxed) {
            return self.watch.refuse(BodyRefused::TooSlow);
        }
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let waiting = polled.is_pending();
        self.watch.waiting.store(waiting, Ordering::Relaxed);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
            self.watch.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        polled.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        self.watch.waiting.store(false, Ordering::Relaxed);
    }
}
