//! Errors, bodies and the listener.

mod delivery;
mod error;
mod handed;
mod input;
mod listener;
mod parameters;
mod peer;
mod socket;

pub use delivery::Delivery;
pub use error::ApiError;
pub use handed::{Handed, LastHanded};
pub use input::{json, parse_wait, whole};
pub use listener::{Listener, ListenerSettings};
pub use parameters::{Path, Query};
pub use peer::Peer;
