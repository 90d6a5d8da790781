//! Blueprint files run by the engine: what they say is what happens.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod actions;
mod examples;
mod lab;
mod versions;
