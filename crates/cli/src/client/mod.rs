//! Speaks HTTP with the server.

mod answer;
mod http;
mod journal;
mod tls;

pub use http::Client;
