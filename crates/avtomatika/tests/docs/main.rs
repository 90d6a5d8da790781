//! The documents and the code say the same: every error code, metric, flag and variable has its
//! row, no row is left over, and no link leads nowhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod codes;
mod files;
mod invariants;
mod links;
mod metrics;
mod readme;
mod routes;
mod settings;
