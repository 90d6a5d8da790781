//! The HTTP face of Avtomatika. The only crate that knows status codes.
//!
//! | Module | What is in it |
//! |---|---|
//! | [`access`] | whose token is it |
//! | [`http`] | errors, bodies, the listener |
//! | [`client`] | what clients call: submit, read, list, cancel |
//! | [`worker`] | what workers call: register, poll, heartbeat, result, events |
//! | [`public`] | what anybody may call: status, metrics |
//! | `schedules` | the scheduler on this server's engine and clients |
//! | [`server`] | putting it together and running it |
//! | [`webhooks`] | deliveries of webhooks |
//! | [`tls`] | TLS and client certificates |
//! | [`history`] | what has become of jobs |
//! | [`metrics`] | the recorder behind `/metrics` |

pub mod access;
mod api;
pub mod client;
mod endpoints;
pub mod history;
pub mod http;
pub mod metrics;
mod openapi;
pub mod public;
mod routes;
mod schedules;
pub mod server;
pub mod tls;
pub mod webhooks;
pub mod worker;

pub use access::{Access, ClientConfig, ClientEntry};
pub use endpoints::{Refused as EndpointRefused, check_endpoint};
pub use history::HistoryOptions;
pub use schedules::Schedules;
pub use server::{Options, Server};
pub use webhooks::{SigningKey, WebhookSettings};
