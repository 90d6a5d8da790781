//! Where a request goes first: past compression, or through it if it asked for that.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::routing::future::RouteFuture;
use tower::Service;
use tower_http::compression::{CompressionLayer, Predicate};
use tower_http::decompression::RequestDecompressionLayer;

use super::ApiError;

/// Answers shorter than this are not worth the work, bytes.
const COMPRESSED_FROM_BYTES: u64 = 500;

/// The routes, four times: most requests neither are compressed nor want a compressed answer, and
/// pay nothing for those that do.
#[derive(Clone)]
pub struct Front(Arc<Routes>);

struct Routes {
    plain: Router,
    /// The answer may be compressed.
    packing: Router,
    /// The request is compressed, and the answer may be.
    unpacking: Router,
    /// The request is compressed in a way we don't know.
    refusing: Router,
}

impl Front {
    /// A front for these routes.
    pub fn new(plain: Router) -> Self {
        let layer = CompressionLayer::new()
            .no_br()
            .no_deflate()
            .compress_when(WorthIt);
        let packing = plain.clone().layer(layer);
        let layer = RequestDecompressionLayer::new().no_br().no_deflate();
        let unpacking = packing.clone().layer(layer);
        let refusing = Router::new().fallback(unknown_encoding);
        Self(Arc::new(Routes {
            plain,
            packing,
            unpacking,
            refusing,
        }))
    }

    fn router(&self, headers: &HeaderMap) -> Router {
        let routes = &self.0;
        match headers.get(header::CONTENT_ENCODING) {
            Some(coding) if coding == "gzip" || coding == "zstd" => &routes.unpacking,
            Some(coding) if coding != "identity" => &routes.refusing,
            _ if wants_compression(headers) => &routes.packing,
            _ => &routes.plain,
        }
        .clone()
    }
}

impl<B> Service<Request<B>> for Front
where
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Routers are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.router(request.headers()).call(request)
    }
}

/// Whether one of our codings is named; which one is taken, if any, is seen later.
fn wants_compression(headers: &HeaderMap) -> bool {
    let named = |value: &axum::http::HeaderValue| {
        let codings = value.to_str().unwrap_or_default().to_ascii_lowercase();
        ["zstd", "gzip", "*"]
            .iter()
            .any(|ours| codings.contains(ours))
    };
    headers.get_all(header::ACCEPT_ENCODING).iter().any(named)
}

/// Compresses answers whose length is known and worth it. Streams of events are of unknown length,
/// and their readers wait for each of them.
#[derive(Clone, Copy)]
struct WorthIt;

impl Predicate for WorthIt {
    fn should_compress<B: http_body::Body>(&self, response: &http::Response<B>) -> bool {
        let length = response.body().size_hint().exact();
        length.is_some_and(|bytes| bytes >= COMPRESSED_FROM_BYTES) && is_text(response.headers())
    }
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind != "text/event-stream"
        && (kind.starts_with("text/")
            || kind.ends_with("json")
            || kind.ends_with("javascript")
            || kind.ends_with("xml")
            || kind.ends_with("yaml"))
}

async fn unknown_encoding() -> ApiError {
    ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_ENCODING",
        "the body is encoded in a way this server does not know",
    )
    .hint("send it as it is, or with Content-Encoding gzip or zstd")
}
