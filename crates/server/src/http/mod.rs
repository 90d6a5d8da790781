//! Errors, bodies and the listener.

mod delivery;
mod error;
mod input;
mod listener;

pub use delivery::Delivery;
pub use error::ApiError;
pub use input::{json, parse_wait};
pub use listener::{Listener, ListenerSettings};
