//! The simulator as bots and people meet it: over HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod bot_api;
mod chat;
mod control;
mod libraries;
mod methods;
mod polling;
mod python;
mod support;
mod webhook;
