//! The seed era's manual tests of bots, automated: the real server, the real CLI, a real engine
//! and bots on unmodified libraries. Numbers are those of the seed's checklist.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod cli;
mod conversation;
mod errors;
mod limits;
mod redact;
mod rollback;
mod update;

/// A bot that needs nothing and does nothing: it starts quickest.
const IDLE: &str = "import time\nprint('idle bot is up', flush=True)\nwhile True: time.sleep(1)\n";
/// The token of the bot that telegram-sim plays.
const BOT_TOKEN: &str = "BOT_TOKEN=123456:TEST-TOKEN";
/// Its public number.
const BOT: &str = "123456";
