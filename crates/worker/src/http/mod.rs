//! A small HTTP/1.1 client made for one server: keep-alive connections, no redirects, no proxies.
//!
//! A connection is driven by the task that uses it, not by a task of its own. That spares two
//! wake-ups across threads per request, which on the path "result out, next task in" is most of
//! what a request costs.

mod channel;
mod connection;
mod pool;
mod server;
mod stream;
mod tls;

pub(crate) use channel::{Channel, ChannelError};
pub(crate) use connection::{Error, Reply};
pub(crate) use pool::Pool;
pub(crate) use server::ServerUrl;
pub(crate) use tls::Connector;
pub use tls::{TlsError, TlsFiles};
