//! The accept loop: one task a connection, bounded in number, drained at shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::socket::Socket;
use super::{LastHanded, Peer};

/// JSON as the seed era announces it.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// What bounds a listener.
#[derive(Clone, Debug)]
pub struct ListenerSettings {
    /// Connections open at once; more wait to be accepted.
    pub connections_max: usize,
    /// How long a client may take to send a request's head, milliseconds.
    pub head_timeout_ms: u64,
    /// How long requests in flight may take to end at shutdown, milliseconds.
    pub drain_ms: u64,
}

impl Default for ListenerSettings {
    fn default() -> Self {
        Self {
            connections_max: 60_000,
            head_timeout_ms: 30_000,
            drain_ms: 8_000,
        }
    }
}

/// A bound socket.
pub struct Listener {
    socket: TcpListener,
    settings: ListenerSettings,
}

impl Listener {
    /// Binds an address.
    ///
    /// # Errors
    /// When it can't be bound.
    pub async fn bind(addr: SocketAddr, settings: ListenerSettings) -> std::io::Result<Self> {
        Ok(Self {
            socket: TcpListener::bind(addr).await?,
            settings,
        })
    }

    /// The address it is bound to.
    ///
    /// # Errors
    /// When the system can't tell.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `shutdown`, then lets requests in flight end. Answers whether all of them
    /// did.
    pub async fn serve(self, router: Router, shutdown: CancellationToken) -> bool {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.settings.connections_max));
        loop {
            let place = tokio::select! {
                place = Arc::clone(&places).acquire_owned() => place,
                () = shutdown.cancelled() => break,
            };
            let stream = tokio::select! {
                accepted = self.socket.accept() => accepted,
                () = shutdown.cancelled() => break,
            };
            match stream {
                Ok((stream, addr)) => {
                    let peer = Peer { addr };
                    self.serve_one(stream, peer, router.clone(), &graceful, place.ok());
                }
                Err(error) => {
                    // Most often too many open files: give some time to close.
                    tracing::warn!(%error, "failed to accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(self.socket);
        let drained = Duration::from_millis(self.settings.drain_ms);
        tokio::time::timeout(drained, graceful.shutdown())
            .await
            .is_ok()
    }

    fn serve_one(
        &self,
        stream: TcpStream,
        peer: Peer,
        router: Router,
        graceful: &GracefulShutdown,
        place: Option<tokio::sync::OwnedSemaphorePermit>,
    ) {
        // Small answers must not wait for more bytes.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "failed to set TCP_NODELAY");
        }
        let sent = LastHanded::default();
        let socket = Socket::new(stream, sent.clone());
        let service = router
            .map_request(move |mut request: Request<Incoming>| {
                sent.arrived();
                request.extensions_mut().insert(sent.clone());
                request.extensions_mut().insert(peer.clone());
                request
            })
            .map_response(name_charset);
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(self.settings.head_timeout_ms))
            .serve_connection(TokioIo::new(socket), TowerToHyperService::new(service));
        let watched = graceful.watch(connection);
        // The connection's task is owned by the graceful watcher, which waits for it.
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = watched.await {
                tracing::trace!(%error, "connection ended");
            }
        });
    }
}

fn name_charset(mut response: Response<Body>) -> Response<Body> {
    if let Some(kind) = response.headers_mut().get_mut(header::CONTENT_TYPE)
        && kind == "application/json"
    {
        *kind = JSON;
    }
    response
}
