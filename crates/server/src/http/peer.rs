//! Who is at the other end of a connection.

use std::net::SocketAddr;

use axum::http::request::Parts;

/// The other end of a connection; an extension of each of its requests.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address: the client's, or that of the last proxy before us.
    pub addr: SocketAddr,
}

impl Peer {
    /// The peer a request came from.
    pub fn of(parts: &Parts) -> Option<&Self> {
        parts.extensions.get()
    }
}
