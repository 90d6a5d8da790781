//! The blueprint `bot_runner`, over an engine with the memory store and workers by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod aborted;
mod access;
mod busy;
mod list;
mod quota;
mod read;
mod restart;
mod secrets;
mod slow_store;
mod start;
mod stop;
mod update;
mod world;
