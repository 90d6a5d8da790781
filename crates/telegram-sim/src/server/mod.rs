//! The server: one port, two sides.

mod accept;
mod router;
mod sim;

pub use sim::Sim;
