//! Who is at the other end of a connection.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::request::Parts;
use tokio_util::sync::CancellationToken;

use crate::tls::Certificate;

/// The other end of a connection; an extension of each of its requests.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address: the client's, or that of the last proxy before us.
    pub addr: SocketAddr,
    is_local_only: bool,
    shown: Option<Shown>,
}

/// What it showed in its TLS handshake.
#[derive(Clone, Debug)]
struct Shown {
    certificate: Arc<Certificate>,
    /// Cancelled when the CA that vouched for it is no longer asked.
    trust: CancellationToken,
}

impl Peer {
    /// A peer that has shown nothing.
    pub(super) fn new(addr: SocketAddr, is_local_only: bool) -> Self {
        Self {
            addr,
            is_local_only,
            shown: None,
        }
    }

    /// The same, having shown this in its handshake.
    pub(super) fn with_certificate(
        mut self,
        certificate: Option<Arc<Certificate>>,
        trust: CancellationToken,
    ) -> Self {
        self.shown = certificate.map(|certificate| Shown { certificate, trust });
        self
    }

    /// The peer a request came from.
    pub fn of(parts: &Parts) -> Option<&Self> {
        parts.extensions.get()
    }

    /// Whether it came to the address that is for the same machine.
    pub fn is_local_only(&self) -> bool {
        self.is_local_only
    }

    /// Its certificate, as long as that is worth something.
    pub fn certificate(&self) -> Option<&Certificate> {
        let shown = self.shown.as_ref()?;
        (!shown.is_stale()).then_some(&*shown.certificate)
    }

    /// Whether it showed a certificate that is worth nothing any more.
    pub(super) fn must_shake_again(&self) -> bool {
        self.shown.as_ref().is_some_and(Shown::is_stale)
    }
}

impl Shown {
    fn is_stale(&self) -> bool {
        self.trust.is_cancelled() || self.certificate.has_expired()
    }
}
