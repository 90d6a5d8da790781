//! `docs/workers.md`, done as it says: its Rust compiled and run, its requests sent by curl and
//! their answers compared, its Python run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod python;
mod requests;
mod rust;
mod server;

const GUIDE: &str = include_str!("../../../../docs/workers.md");

/// The code blocks of the guide, with their languages, in order.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let fenced = GUIDE.split("```").skip(1).step_by(2);
    fenced
        .map(|block| block.split_once('\n').unwrap())
        .collect()
}
