//! Errors, bodies and the listener.

mod body;
mod companion;
mod delivery;
mod error;
mod front;
mod handed;
mod input;
mod listener;
mod parameters;
mod peer;
mod seats;
mod socket;
mod transport;

pub use body::BodyRefused;
pub use delivery::Delivery;
pub use error::ApiError;
pub use front::Front;
pub use handed::{Handed, LastHanded};
pub use input::{json, parse_wait, whole};
pub use listener::{Listener, ListenerSettings};
pub use parameters::{Path, Query};
pub use peer::Peer;
pub(crate) use seats::{Room, Seat, Seats};
pub(crate) use socket::Socket;
