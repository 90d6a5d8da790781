//! Errors, bodies and the listener.

mod delivery;
mod error;
mod input;
mod listener;
mod parameters;

pub use delivery::Delivery;
pub use error::ApiError;
pub use input::{json, parse_wait, whole};
pub use listener::{Listener, ListenerSettings};
pub use parameters::{Path, Query};
