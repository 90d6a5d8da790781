//! A socket that tells when it breaks.

use std::io::{Error, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::LastHanded;
use super::body::BodyWatch;

/// How long a client whose request was refused may go on sending it.
const LINGER: Duration = Duration::from_secs(2);
/// How much of it is read, bytes.
const LINGER_MAX_BYTES: usize = 32 << 20;

/// A client's socket. An error on it, also one that hyper would take for a quiet end of an idle
/// connection, is told to whoever keeps what was sent on it.
pub(crate) struct Socket {
    stream: TcpStream,
    sent: LastHanded,
    body: Arc<BodyWatch>,
    lingering: Option<Lingering>,
}

/// Reading on, for a while, what a client still sends after its request was refused: closed at
/// once, the connection would be reset and the answer with it.
struct Lingering {
    until: Pin<Box<Sleep>>,
    left_bytes: usize,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, sent: LastHanded, body: Arc<BodyWatch>) -> Self {
        Self {
            stream,
            sent,
            body,
            lingering: None,
        }
    }

    /// Looks at the next bytes without taking them.
    pub(crate) async fn peek(&self, buffer: &mut [u8]) -> Result<usize> {
        self.stream.peek(buffer).await
    }

    /// Done when the client has closed its side, too, or has had time enough.
    fn linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Self {
            stream, lingering, ..
        } = self;
        let lingering = lingering.get_or_insert_with(|| Lingering {
            until: Box::pin(tokio::time::sleep(LINGER)),
            left_bytes: LINGER_MAX_BYTES,
        });
        let mut scratch = [0; 4_096];
        while lingering.left_bytes > 0 {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    let read = buffer.filled().len();
                    lingering.left_bytes = lingering.left_bytes.saturating_sub(read);
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return lingering.until.as_mut().poll(context),
            }
        }
        Poll::Ready(())
    }

    fn watch<T>(&self, polled: Poll<Result<T>>) -> Poll<Result<T>> {
        if let Poll::Ready(Err(_)) = polled {
            self.sent.broke();
        }
        polled
    }

    /// A client that has closed its side reads as the end of the stream even when it has
    /// answered our bytes with a reset since; only the socket's own error tells.
    fn look_for_error(&self) {
        if let Ok(Some(_)) | Err(_) = self.stream.take_error() {
            self.sent.broke();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if matches!(polled, Poll::Ready(Ok(()))) && buffer.filled().len() == before {
            self.look_for_error();
        }
        self.watch(polled)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::result::Result<usize, Error>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<std::result::Result<usize, Error>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        if self.lingering.is_none() {
            self.look_for_error();
            let polled = Pin::new(&mut self.stream).poll_shutdown(context);
            if !self.body.was_refused() || !matches!(polled, Poll::Ready(Ok(()))) {
                return self.watch(polled);
            }
        }
        self.linger(context).map(Ok)
    }
}
