//! A socket that tells when it breaks.

use std::io::{Error, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::LastHanded;

/// A client's socket. An error on it, also one that hyper would take for a quiet end of an idle
/// connection, is told to whoever keeps what was sent on it.
pub(super) struct Socket {
    stream: TcpStream,
    sent: LastHanded,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, sent: LastHanded) -> Self {
        Self { stream, sent }
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
        self.look_for_error();
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch(polled)
    }
}
