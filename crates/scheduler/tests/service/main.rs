//! The scheduler on an engine that is played: documents, jobs, faults, a clock moved by hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod asking;
mod policies;
mod random;
mod reload;
mod restart;
mod world;
