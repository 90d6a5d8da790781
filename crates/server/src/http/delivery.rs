//! A response body that notices when it was never sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};

use super::{Handed, LastHanded};

/// The answer to a poll, with its tasks in it. If the connection goes away before the body was
/// taken, they go back to the queue at once. Once it was taken, the connection answers for them.
pub struct Delivery {
    left: Option<(Bytes, Handed)>,
    connection: LastHanded,
}

impl Delivery {
    /// A body that carries these tasks on this connection.
    pub fn body(bytes: Bytes, handed: Handed, connection: LastHanded) -> Body {
        Body::new(Self {
            left: Some((bytes, handed)),
            connection,
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
        let taken = self.left.take().map(|(bytes, handed)| {
            self.connection.note(handed);
            Ok(Frame::data(bytes))
        });
        Poll::Ready(taken)
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let bytes = self.left.as_ref().map_or(0, |(bytes, _)| bytes.len());
        SizeHint::with_exact(bytes as u64)
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some((_, handed)) = self.left.take() {
            handed.hand_back();
        }
    }
}
