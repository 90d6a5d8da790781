//! Speaks HTTP with the server.

mod answer;
mod http;
mod journal;

pub use http::Client;
