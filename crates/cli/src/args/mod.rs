//! The command line.

mod define;
mod fault;
mod invocation;
mod peek;
mod read;

pub use define::define;
pub use invocation::{Command, Deploy, Global, Invocation, Logs, Source};
pub use peek::{Peeked, peek};
pub use read::{Parsed, read};
