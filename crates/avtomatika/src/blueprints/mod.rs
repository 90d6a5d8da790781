//! The blueprints every Avtomatika server has.
//!
//! | Module | Jobs are posted to | What they do |
//! |---|---|---|
//! | [`test_flow()`] | `/api/v1/jobs/test` | one `echo_task`, to see that a set-up works |
//! | [`bot_runner()`] | `/api/jobs/bot_runner` | start, stop, restart, update, read and list bots |

mod bot_runner;
mod test_flow;

pub use bot_runner::{BotRunnerOptions, bot_runner};
pub use test_flow::test_flow;
