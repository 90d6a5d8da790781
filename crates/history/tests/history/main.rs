//! The history on both of its databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod db;
mod events;
mod listing;
mod many;
mod outbox;
mod proxy;
mod pumping;
mod retention;
mod server;
mod taken_away;
mod writing;
