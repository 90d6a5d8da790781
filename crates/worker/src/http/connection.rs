//! One keep-alive connection.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::ServerUrl;
use super::stream::Stream;
use super::tls::Connector;

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no answer. Every variant is worth another try.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("connect to the server")]
    Connect(#[source] std::io::Error),
    #[error("agree on TLS with the server")]
    Tls(#[source] std::io::Error),
    #[error("exchange a request and an answer")]
    Exchange(#[source] hyper::Error),
    #[error("read an answer within its limit of {limit_bytes} bytes")]
    AnswerTooLong { limit_bytes: usize },
    #[error("get an answer within {} ms", limit.as_millis())]
    TimedOut { limit: Duration },
}

type Driver = http1::Connection<TokioIo<Stream>, Full<Bytes>>;

/// An open connection with nothing in flight, or one that has just been taken to send something.
pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Reads and writes the socket. Gone once the connection has ended.
    ///
    /// Boxed, because connections move in and out of the pool and a driver is large.
    driver: Option<Box<Driver>>,
}

impl Connection {
    /// Connects, without waiting for Nagle's algorithm ever after.
    pub(crate) async fn open(
        server: &ServerUrl,
        tls: &Connector,
        limit: Duration,
    ) -> Result<Self, Error> {
        let stream = tokio::time::timeout(limit, Stream::open(server, tls))
            .await
            .map_err(|_| Error::TimedOut { limit })??;
        let (sender, driver) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(Error::Exchange)?;
        Ok(Self {
            sender,
            driver: Some(Box::new(driver)),
        })
    }

    /// Whether the connection can carry another request, as far as one can tell without asking.
    pub(crate) fn is_open(&self) -> bool {
        self.driver.is_some() && !self.sender.is_closed()
    }

    /// Sends one request and reads its whole answer.
    ///
    /// Dropping the future leaves the connection in an unknown state: it must be dropped too.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        answer_bytes_max: usize,
    ) -> Result<Reply, Error> {
        let Self { sender, driver } = self;
        let exchange = pin!(async move {
            sender.ready().await.map_err(Error::Exchange)?;
            let answer = sender
                .send_request(request)
                .await
                .map_err(Error::Exchange)?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, answer_bytes_max)
                .collect()
                .await
                .map_err(|error| match error.downcast::<hyper::Error>() {
                    Ok(error) => Error::Exchange(*error),
                    Err(other) => {
                        debug_assert!(other.is::<LengthLimitError>());
                        Error::AnswerTooLong {
                            limit_bytes: answer_bytes_max,
                        }
                    }
                })?;
            Ok(Reply {
                status: head.status,
                headers: head.headers,
                body: body.to_bytes(),
            })
        });
        Driven { driver, exchange }.await
    }
}

/// An exchange, together with the connection that carries it.
struct Driven<'a, F> {
    driver: &'a mut Option<Box<Driver>>,
    exchange: Pin<&'a mut F>,
}

impl<F: Future> Future for Driven<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // First the exchange, so that the driver finds a request to write; then the driver, so
        // that the exchange finds an answer.
        if let Poll::Ready(output) = self.exchange.as_mut().poll(context) {
            return Poll::Ready(output);
        }
        if let Some(driver) = self.driver.as_mut()
            && Pin::new(driver.as_mut()).poll(context).is_ready()
        {
            // The exchange learns of the end, and of its reason, through its own channel.
            *self.driver = None;
        }
        self.exchange.as_mut().poll(context)
    }
}
