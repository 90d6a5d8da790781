//! The wire contract over real HTTP: one server on a port of its own a test, its store in memory.
//!
//! | Module | What is in it |
//! |---|---|
//! | `harness` | the server under test and ways to talk to it |
//! | `blueprint` | the one blueprint, which does what its input says |
//! | `table`, `client_rows`, `worker_rows` | single requests and their answers, as data |
//! | `results` | what each result makes of its job, as data |
//! | `rows`, `overridden` | that every row of the contract is tested or overridden by a rule |
//! | the others | behaviour over several requests |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "tables and calls read better when JSON is passed as it is written"
)]

mod access_files;
mod authority;
mod blueprint;
mod bodies;
mod cancelling;
mod certificates;
mod channels;
mod client_rows;
mod crowd;
mod deliveries;
mod described;
mod draining;
mod dynamic;
mod forks;
mod harness;
mod history;
mod history_lists;
mod history_told;
mod leases;
mod limits;
mod mounting;
mod overridden;
mod packing;
mod parking;
mod pauses;
mod people;
mod progress;
mod quotas;
mod rates;
mod raw;
mod results;
mod revoking;
mod roles;
mod rows;
mod schedules;
mod secrets;
mod several;
mod slow;
mod stale_results;
mod streams;
mod table;
mod tls;
mod waiting;
mod worker_rows;
mod worker_tls;
