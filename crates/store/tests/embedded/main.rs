//! The embedded store on a real disk: across restarts, kills and a disk that fills up.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod crash;
#[path = "../contract/fixture.rs"]
#[expect(dead_code, reason = "the contract suite uses all of it")]
mod fixture;
mod formats;
mod full;
mod reopen;
