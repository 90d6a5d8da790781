//! What a connection runs on.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::connection::Error;
use super::server::ServerUrl;
use super::tls::Connector;

/// A socket, with or without TLS on it.
pub(super) enum Stream {
    Plain(TcpStream),
    /// Boxed: it is far larger.
    Secure(Box<TlsStream<TcpStream>>),
}

impl Stream {
    pub(super) async fn open(
        server: &ServerUrl,
        tls: &Connector,
    ) -> std::result::Result<Self, Error> {
        let address = (server.host.as_str(), server.port);
        let stream = TcpStream::connect(address).await.map_err(Error::Connect)?;
        stream.set_nodelay(true).map_err(Error::Connect)?;
        if !server.is_secure {
            return Ok(Self::Plain(stream));
        }
        let secure = tls.secure(&server.host, stream).await.map_err(Error::Tls)?;
        Ok(Self::Secure(Box::new(secure)))
    }
}

macro_rules! on_either {
    ($any:expr, $stream:ident => $call:expr) => {
        match $any {
            Stream::Plain($stream) => $call,
            Stream::Secure($stream) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        on_either!(&mut *self, stream => Pin::new(stream).poll_read(context, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        on_either!(&mut *self, stream => Pin::new(stream).poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        on_either!(&mut *self, stream => Pin::new(stream).poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        on_either!(self, stream => stream.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        on_either!(&mut *self, stream => Pin::new(stream).poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        on_either!(&mut *self, stream => Pin::new(stream).poll_shutdown(context))
    }
}
