//! What the runner can do, one operation a file.

mod clean;
mod deploy;
mod find;
pub(crate) mod gated;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod restart;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod update;

pub(crate) use clean::{kill_and_remove, remove_bot, stop_container};
pub(crate) use find::{Found, find, find_all};
