//! The `telegram-sim` sub-command: the only part of this crate that prints.

mod args;
mod bots;
mod chat;
mod ledger;
mod run;
mod send;
mod serve;

pub use args::{Action, Args, BotArgs, ChatArgs, RemoteArgs, SendArgs, ServeArgs};
pub use run::{run, run_until};
