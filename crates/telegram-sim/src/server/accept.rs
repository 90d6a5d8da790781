//! The accept loop, and one connection.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request, response::Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{api::CutConnection, control::routes::Peer, state::World};

/// A connection that sends no request for this long is closed.
const IDLE: Duration = Duration::from_secs(120);
/// Pause after a failed accept, which is mostly a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Takes connections until `shutdown`, as many at once as the options allow.
pub(super) async fn accept(
    listener: &TcpListener,
    router: Router,
    world: &Arc<World>,
    shutdown: &CancellationToken,
) {
    let places = Arc::new(Semaphore::new(world.options.connections_max));
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = next => accepted,
            () = shutdown.cancelled() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let connection = serve(stream, Peer(peer), router.clone(), world.shutdown.clone());
        world.tasks.spawn(async move {
            connection.await;
            drop(place);
        });
    }
}

/// Serves one connection. hyper watches it while a call waits, and drops the call when the client
/// hangs up: a waiting poll of a dead bot ends at once.
async fn serve(stream: TcpStream, peer: Peer, router: Router, shutdown: CancellationToken) {
    stream.set_nodelay(true).ok();
    let service =
        service_fn(move |request: hyper::Request<Incoming>| answer(router.clone(), peer, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection broke off");
    }
}

/// An error makes hyper close the connection without a word, which is what a cut is.
async fn answer(
    router: Router,
    peer: Peer,
    request: hyper::Request<Incoming>,
) -> Result<Response, CutConnection> {
    let mut request: Request = request.map(Body::new);
    request.extensions_mut().insert(peer);
    let Ok(response) = router
        .oneshot(request)
        .await
        .map_err(|never: Infallible| never);
    match response.extensions().get::<CutConnection>() {
        Some(cut) => Err(*cut),
        None => Ok(response),
    }
}
