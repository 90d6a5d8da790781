//! A local Telegram Bot API server: bots run, and are tested, without a token or the internet.
//!
//! It has two sides on one port. The *Bot API side* (`/bot<token>/<method>`,
//! `/file/bot<token>/<path>`) follows the public server, whose rules are taken from the source of
//! `tdlib/telegram-bot-api`: long polls and their conflicts, confirmation by offset, errors,
//! limits. The *control side* (`/_sim/...`, JSON) is the rest of Telegram: it plays the users,
//! records what the bot did, breaks calls on demand, and keeps a ledger that says of each update
//! whether it was delivered, confirmed or lost.
//!
//! # Layout
//!
//! - [`SimOptions`], [`Sim`]: bind and run a server (`server`);
//! - [`SimClient`]: the typed client of the control side, with its wire types in [`control`];
//! - [`chat`]: an interactive terminal chat with a bot;
//! - [`command`]: the `telegram-sim` sub-command;
//! - `api`: the Bot API side, one file a group of methods;
//! - `state`: what the server knows of a bot, all in memory and bounded;
//! - `text`: message entities, found in plain text or parsed from HTML and Markdown;
//! - `webhook`: delivers updates to a bot's own HTTP server.

mod api;
pub mod chat;
mod client;
mod clock;
pub mod command;
pub mod control;
mod error;
mod language;
mod options;
mod provider;
mod server;
mod state;
mod text;
mod token;
mod webhook;

pub use client::{ClientError, SimClient};
pub use error::Error;
pub use language::Language;
pub use options::SimOptions;
pub use server::Sim;
