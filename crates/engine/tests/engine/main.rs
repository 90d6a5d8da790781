//! The engine held to its promises: the pure core by tables and random events, the service on the
//! memory store by hand-moved time, random interleavings and a simulation with faults.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod core_random;
mod core_table;
mod core_waits;
mod documents;
mod flow;
mod lab;
mod leases;
mod sim;
mod stretched;
mod submit;
mod waiting;
mod wakes;
mod witness;
