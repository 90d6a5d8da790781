//! One request over one connection of its own, to an address that has been looked at. No
//! redirects, no proxies; the answer's body is not read.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Where a delivery goes, taken apart.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) is_https: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// What goes into `Host`.
    authority: HeaderValue,
    /// Path and query.
    path: String,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    #[error("could not connect: {0}")]
    Connect(std::io::Error),
    #[error("no secure connection: {0}")]
    Secure(std::io::Error),
    #[error("no answer: {0}")]
    Exchange(hyper::Error),
    #[error("the request could not be made")]
    Request,
}

impl Target {
    /// Takes an address apart. `None` for one nothing can be posted to.
    pub(super) fn read(url: &str) -> Option<Self> {
        let url = url::Url::parse(url).ok()?;
        let is_https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        // The parser has turned every way to write an IPv4 address into the usual one.
        let host = url.host_str().filter(|host| !host.is_empty())?.to_owned();
        let port = url.port_or_known_default()?;
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.clone(),
        };
        let query = url.query().map(|query| format!("?{query}"));
        Some(Self {
            is_https,
            port,
            authority: HeaderValue::from_str(&authority).ok()?,
            path: format!("{}{}", url.path(), query.unwrap_or_default()),
            host,
        })
    }
}

/// Makes connections, with what they need kept.
pub(super) struct Poster {
    /// Gone if there can be none.
    tls: Option<TlsConnector>,
}

impl Poster {
    pub(super) fn new() -> Self {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            tracing::warn!("this machine has no root certificates: no webhook can use https");
        }
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map(|builder| builder.with_root_certificates(roots).with_no_client_auth());
        if let Err(error) = &config {
            tracing::error!(%error, "webhooks can't use https");
        }
        Self {
            tls: config
                .ok()
                .map(|config| TlsConnector::from(Arc::new(config))),
        }
    }

    /// Posts to the first of these addresses that answers the call.
    pub(super) async fn post(
        &self,
        target: &Target,
        addrs: &[SocketAddr],
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<StatusCode, Unanswered> {
        let stream = TcpStream::connect(addrs)
            .await
            .map_err(Unanswered::Connect)?;
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = target.path.parse().map_err(|_| Unanswered::Request)?;
        *request.headers_mut() = headers;
        let heads = request.headers_mut();
        heads.insert(header::HOST, target.authority.clone());
        heads.insert(header::CONNECTION, HeaderValue::from_static("close"));
        if !target.is_https {
            return exchange(stream, request).await;
        }
        let name = target.host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(name).map_err(|_| Unanswered::Request)?;
        let tls = self.tls.as_ref().ok_or(Unanswered::Request)?;
        let secured = tls.connect(name, stream).await;
        let secured = secured.map_err(Unanswered::Secure)?;
        exchange(secured, request).await
    }
}

async fn exchange<S>(stream: S, request: Request<Body>) -> Result<StatusCode, Unanswered>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(64 << 10)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(Unanswered::Exchange)?;
    let answer = sender.send_request(request);
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        // An answer that is there counts, whatever became of the connection.
        biased;
        answer = &mut answer => answer.map(|answer| answer.status()).map_err(Unanswered::Exchange),
        ended = &mut connection => match ended {
            Ok(()) => answer.await.map(|answer| answer.status()).map_err(Unanswered::Exchange),
            Err(error) => Err(Unanswered::Exchange(error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_an_address_is_read_as_it_is_dialled() {
        for (url, host, port, path) in [
            ("http://example.com/a?b=c#d", "example.com", 80, "/a?b=c"),
            ("https://example.com", "example.com", 443, "/"),
            ("http://0x7f000001:81/", "127.0.0.1", 81, "/"),
            ("http://2130706433/", "127.0.0.1", 80, "/"),
            ("http://127.1/", "127.0.0.1", 80, "/"),
            ("http://[::ffff:7f00:1]/", "[::ffff:7f00:1]", 80, "/"),
            ("http://user:pass@example.com/", "example.com", 80, "/"),
        ] {
            let read = Target::read(url).unwrap();
            assert_eq!(
                (read.host.as_str(), read.port, read.path.as_str()),
                (host, port, path),
                "{url}"
            );
        }
        for bad in ["ftp://a/", "nonsense", "http://", "file:///etc/passwd"] {
            assert!(Target::read(bad).is_none(), "{bad}");
        }
    }
}
