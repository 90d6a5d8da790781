//! What the runner can do, one operation a file.

mod clean;
mod deploy;
mod find;
pub(crate) mod gated;
pub mod list;
pub mod logs;
pub mod restart;
pub mod start;
pub mod status;
pub mod stop;
pub mod update;

pub(crate) use clean::{kill_and_remove, remove_bot, stop_container};
pub(crate) use find::{Found, find, find_all};
