//! Deliveries of webhooks: a worker inside the server that posts what jobs have to tell, signed,
//! to addresses it has looked at first.
//!
//! | Module | What is in it |
//! |---|---|
//! | `address` | which addresses may be posted to |
//! | `sign` | the signature |
//! | `post` | one request over one connection of its own |
//! | `attempt` | one attempt at a delivery, and what its answer means |
//! | `worker` | the worker: takes deliveries from the queue like any other |

mod address;
mod attempt;
mod post;
mod sign;
mod worker;

pub(crate) use address::is_hopeless;
pub use address::{Looking, Lookup, SystemLookup};
pub use sign::SigningKey;
pub(crate) use worker::Deliveries;

use std::sync::Arc;

/// How webhooks are delivered.
#[derive(Clone)]
pub struct WebhookSettings {
    /// What deliveries are signed with.
    pub key: SigningKey,
    /// Whether addresses of private networks, and of this machine, may be posted to.
    pub allow_private: bool,
    /// How names become addresses.
    pub lookup: Arc<dyn Lookup>,
}

impl WebhookSettings {
    /// Public addresses only, names looked up as the system does.
    pub fn new(key: SigningKey) -> Self {
        Self {
            key,
            allow_private: false,
            lookup: Arc::new(SystemLookup),
        }
    }
}
