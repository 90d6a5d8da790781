//! `avtomatika-bot`, the bot author's terminal product, as a library with a thin binary.
//!
//! | Module | What it does |
//! |---|---|
//! | [`args`] | reads the command line |
//! | [`client`] | speaks HTTP with the server |
//! | [`commands`] | one command, one file |
//! | [`context`] | the world a run sees: arguments, environment, streams, clock |
//! | [`error`] | how a command can end other than well, and the exit codes |
//! | [`run`] | from a context to an exit code |
//! | [`screen`] | the only place that draws |
//! | [`settings`] | finds the server and the token |
//! | [`source`] | collects a bot's files, requirements and variables |
//! | [`text`] | every sentence, in each language |
//! | [`view`] | what a command found out, as plain data: drawn, or printed as JSON |
//! | [`wait`] | follows a job to its end |
//! | [`work`] | a command with everything it needs from this side |
//!
//! The library never reads the environment, the home folder or the process's streams: all of it
//! comes in a [`context::Context`].

pub mod args;
pub mod client;
pub mod commands;
pub mod context;
mod ending;
pub mod error;
mod look;
pub mod run;
pub mod screen;
pub mod settings;
pub mod source;
pub mod text;
pub mod view;
pub mod wait;
pub mod work;
