//! The Bot API side: what a bot's library talks to.

mod answer;
mod args;
mod faults;
mod files;
mod handle;
mod methods;
mod path;
mod read;

pub(crate) use answer::CutConnection;
pub(crate) use handle::{handle, perform};
pub(crate) use read::read_args;
