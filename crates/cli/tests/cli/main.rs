//! Runs the real binary against a server that speaks the contract.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod support;

mod deploy;
mod journeys;
mod logs;
mod secrets;
mod settings;
mod terminal;
mod tls;
mod usage;
mod waiting;
