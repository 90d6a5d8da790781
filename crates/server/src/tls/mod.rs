//! TLS and client certificates.
//!
//! | Module | What is in it |
//! |---|---|
//! | `files` | which files, and the settings they make |
//! | `reloading` | [`Tls`]: the settings that count now, read again when the files change |
//! | `handshake` | from an accepted socket to a connection, in bounded time |
//! | `certificate` | whom a client's certificate names |
//! | `der` | as much of DER as that takes |

mod certificate;
mod der;
mod files;
mod handshake;
mod reloading;

pub use certificate::Certificate;
pub use files::{TlsError, TlsFiles};
pub(crate) use handshake::Handshakes;
pub use reloading::Tls;
