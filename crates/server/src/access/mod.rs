//! Whose token is it. Tokens are kept as hashes only.

mod clients;
mod workers;

use std::collections::HashMap;
use std::sync::Arc;

use avtomatika_engine::Client;

pub use clients::{Caller, ClientEntry};

/// A token's fingerprint: what is compared and kept.
type Fingerprint = [u8; 32];

fn fingerprint(token: &str) -> Fingerprint {
    *blake3::hash(token.as_bytes()).as_bytes()
}

/// The tokens a server knows.
#[derive(Default)]
pub struct Access {
    clients: HashMap<Fingerprint, Arc<Client>>,
    worker_global: Option<Fingerprint>,
    workers: HashMap<String, Fingerprint>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access")
            .field("clients", &self.clients.len())
            .field("workers", &self.workers.len())
            .finish_non_exhaustive()
    }
}
