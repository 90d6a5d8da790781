//! From an accepted socket to a connection, in bounded time.

use std::sync::Arc;
use std::time::Duration;

use avtomatika_engine::names;
use avtomatika_protocol::{ErrorBody, Failure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::{Certificate, Tls};
use crate::http::Socket;

/// The first byte of every handshake.
const HANDSHAKE: u8 = 0x16;
/// How much of what such a client still sends is read before the connection is closed, bytes:
/// closed at once, it could miss the answer.
const PLAIN_READ_MAX: usize = 64 << 10;

/// Does handshakes, so many at once.
#[derive(Clone)]
pub(crate) struct Handshakes {
    tls: Arc<Tls>,
    at_once: Arc<Semaphore>,
    limit: Duration,
}

/// A connection after its handshake.
pub(crate) struct Secured {
    pub(crate) stream: TlsStream<Socket>,
    pub(crate) certificate: Option<Arc<Certificate>>,
    /// Cancelled when the certificate is worth nothing any more.
    pub(crate) trust: CancellationToken,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("it took longer than {} ms", .0.as_millis())]
    Slow(Duration),
    #[error("the client does not speak TLS")]
    Plain,
    #[error("the client closed the connection")]
    Gone,
    #[error("the two could not agree: {0}")]
    Failed(std::io::Error),
}

impl Handshakes {
    pub(crate) fn new(tls: Arc<Tls>, at_once: usize, limit: Duration) -> Self {
        Self {
            tls,
            at_once: Arc::new(Semaphore::new(at_once)),
            limit,
        }
    }

    /// Does one handshake.
    pub(crate) async fn shake(&self, socket: Socket) -> Result<Secured, Refused> {
        let done = tokio::time::timeout(self.limit, self.unlimited(socket)).await;
        let done = done.unwrap_or(Err(Refused::Slow(self.limit)));
        if let Err(refused) = &done {
            let reason = match refused {
                Refused::Slow(_) => "slow",
                Refused::Plain => "plain",
                Refused::Gone => "gone",
                Refused::Failed(_) => "failed",
            };
            metrics::counter!(names::TLS_REFUSED, "reason" => reason).increment(1);
        }
        done
    }

    async fn unlimited(&self, mut socket: Socket) -> Result<Secured, Refused> {
        // Who connects and says nothing takes no place from others.
        let mut first = [0];
        match socket.peek(&mut first).await {
            Ok(0) | Err(_) => return Err(Refused::Gone),
            Ok(_) if first != [HANDSHAKE] => {
                refuse_plain(&mut socket).await;
                return Err(Refused::Plain);
            }
            Ok(_) => {}
        }
        // The semaphore is never closed.
        let _place = self.at_once.acquire().await;
        let now = self.tls.now();
        let stream = TlsAcceptor::from(Arc::clone(&now.config))
            .accept(socket)
            .await
            .map_err(Refused::Failed)?;
        let shown = stream.get_ref().1.peer_certificates();
        let certificate = shown.and_then(<[_]>::first);
        let certificate = certificate.map(|first| Arc::new(Certificate::read(first)));
        Ok(Secured {
            stream,
            certificate,
            trust: now.trust.clone(),
        })
    }
}

/// Tells somebody who speaks plain HTTP, and ends the connection in good order.
async fn refuse_plain(socket: &mut Socket) {
    let failure = Failure::new("TLS_REQUIRED", "this port speaks TLS only");
    let body = ErrorBody::from(failure.hint("use https:// in place of http:// for it"));
    let body = serde_json::to_string(&body).unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\n\
         content-type: application/json; charset=utf-8\r\n\
         content-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    );
    if socket.write_all(answer.as_bytes()).await.is_err() || socket.shutdown().await.is_err() {
        return;
    }
    let mut rest = [0; 4_096];
    let mut read = 0;
    while read < PLAIN_READ_MAX {
        match socket.read(&mut rest).await {
            Ok(0) | Err(_) => return,
            Ok(bytes) => read += bytes,
        }
    }
}
