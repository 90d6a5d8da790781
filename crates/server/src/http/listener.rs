//! The accept loop: one task a connection, bounded in number, drained at shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::body::{BodyWatch, Paced};
use super::companion::{Companion, Stopping};
use super::front::Front;
use super::socket::Socket;
use super::transport::Transport;
use super::{LastHanded, Peer};
use crate::tls::{Handshakes, Tls};

/// JSON as the seed era announces it.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// What bounds a listener.
#[derive(Clone, Debug)]
pub struct ListenerSettings {
    /// Connections open at once; more wait to be accepted.
    pub connections_max: usize,
    /// How long a client may take to send a request's head, milliseconds.
    pub head_timeout_ms: u64,
    /// The longest head of a request, bytes; at most 100 headers fit in any case.
    pub head_max_bytes: usize,
    /// How long a client may take to send a body, beside what the next setting gives,
    /// milliseconds.
    pub body_grace_ms: u64,
    /// How many bytes of a body earn it another second.
    pub body_bytes_per_second: u64,
    /// The longest body, bytes. A longer one that says so is refused unread.
    pub body_max_bytes: u64,
    /// How long a TLS handshake may take, milliseconds.
    pub handshake_timeout_ms: u64,
    /// TLS handshakes at once; more wait for a place.
    pub handshakes_max: usize,
    /// How long requests in flight may take to end at shutdown, milliseconds.
    pub drain_ms: u64,
}

impl Default for ListenerSettings {
    fn default() -> Self {
        Self {
            connections_max: 60_000,
            head_timeout_ms: 30_000,
            head_max_bytes: 64 << 10,
            body_grace_ms: 20_000,
            body_bytes_per_second: 16 << 10,
            body_max_bytes: u64::MAX,
            handshake_timeout_ms: 10_000,
            handshakes_max: 512,
            drain_ms: 8_000,
        }
    }
}

/// A bound socket.
pub struct Listener {
    socket: TcpListener,
    settings: Arc<ListenerSettings>,
    handshakes: Option<Handshakes>,
    is_local_only: bool,
}

/// What the connections of a listener share.
struct Shared {
    front: Front,
    settings: Arc<ListenerSettings>,
    handshakes: Option<Handshakes>,
    is_local_only: bool,
    stopping: Arc<Stopping>,
}

impl Listener {
    /// Binds an address, for TLS or for plain HTTP.
    ///
    /// # Errors
    /// When it can't be bound.
    pub async fn bind(
        addr: SocketAddr,
        settings: ListenerSettings,
        tls: Option<Arc<Tls>>,
    ) -> std::io::Result<Self> {
        let limit = Duration::from_millis(settings.handshake_timeout_ms);
        let handshakes = tls.map(|tls| Handshakes::new(tls, settings.handshakes_max, limit));
        Ok(Self {
            socket: TcpListener::bind(addr).await?,
            settings: Arc::new(settings),
            handshakes,
            is_local_only: false,
        })
    }

    /// The same, as the address for what runs on the same machine.
    #[must_use]
    pub fn local_only(mut self) -> Self {
        self.is_local_only = true;
        self
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
    pub async fn serve(self, front: Front, shutdown: CancellationToken) -> bool {
        let places = Arc::new(Semaphore::new(self.settings.connections_max));
        let connections = TaskTracker::new();
        let shared = Arc::new(Shared {
            front,
            settings: Arc::clone(&self.settings),
            handshakes: self.handshakes,
            is_local_only: self.is_local_only,
            stopping: Arc::new(Stopping::new()),
        });
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
                    let task = connect(Arc::clone(&shared), stream, addr, place.ok());
                    connections.spawn(task);
                }
                Err(error) => {
                    // Most often too many open files: give some time to close.
                    tracing::warn!(%error, "failed to accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(self.socket);
        shared.stopping.begin();
        connections.close();
        let drained = Duration::from_millis(self.settings.drain_ms);
        tokio::time::timeout(drained, connections.wait())
            .await
            .is_ok()
    }
}

/// Serves one connection to its end.
async fn connect(
    shared: Arc<Shared>,
    stream: TcpStream,
    addr: SocketAddr,
    place: Option<OwnedSemaphorePermit>,
) {
    let _place = place;
    // Small answers must not wait for more bytes.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "failed to set TCP_NODELAY");
    }
    let sent = LastHanded::default();
    let watch = Arc::new(BodyWatch::default());
    let socket = Socket::new(stream, sent.clone(), Arc::clone(&watch));
    let Some(handshakes) = &shared.handshakes else {
        let peer = Peer::new(addr, shared.is_local_only);
        return serve(&shared, Transport::Plain(socket), peer, sent, watch).await;
    };
    // Boxed: most connections don't have the state of a handshake to carry along.
    let shaking = Box::pin(shared.stopping.unless_begun(handshakes.shake(socket)));
    match shaking.await {
        Some(Ok(secured)) => {
            let peer = Peer::new(addr, shared.is_local_only)
                .with_certificate(secured.certificate, secured.trust);
            let transport = Transport::Tls(Box::new(secured.stream));
            serve(&shared, transport, peer, sent, watch).await;
        }
        Some(Err(error)) => tracing::debug!(%addr, "no TLS connection: {error}"),
        None => {}
    }
}

async fn serve(
    shared: &Shared,
    transport: Transport,
    peer: Peer,
    sent: LastHanded,
    watch: Arc<BodyWatch>,
) {
    let settings = &shared.settings;
    let mut companion = Companion::new(&shared.stopping, Arc::clone(&watch), settings);
    let body_max_bytes = settings.body_max_bytes;
    let close = peer.clone();
    let service = shared
        .front
        .clone()
        .map_request(move |request: Request<Incoming>| {
            sent.arrived();
            let mut request =
                request.map(|body| Paced::new(body, Arc::clone(&watch), body_max_bytes));
            request.extensions_mut().insert(sent.clone());
            request.extensions_mut().insert(peer.clone());
            request
        })
        .map_response(move |response| finish(response, &close));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(settings.head_timeout_ms))
        .max_buf_size(settings.head_max_bytes)
        .serve_connection(TokioIo::new(transport), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = std::future::poll_fn(move |context| {
        if companion.must_stop(context) {
            connection.as_mut().graceful_shutdown();
        }
        loop {
            let polled = connection.as_mut().poll(context);
            if polled.is_ready() || !companion.loses_patience(context) {
                return polled;
            }
        }
    });
    if let Err(error) = ended.await {
        tracing::trace!(%error, "connection ended");
    }
}

/// The last touch on each answer.
fn finish(mut response: Response<Body>, peer: &Peer) -> Response<Body> {
    if let Some(kind) = response.headers_mut().get_mut(header::CONTENT_TYPE)
        && kind == "application/json"
    {
        *kind = JSON;
    }
    if peer.must_shake_again() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}
