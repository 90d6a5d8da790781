//! `bot_runner`: bots as resources the orchestrator owns.
//!
//! One document per user says which bots are wanted, where they are placed and which job changes
//! them now; one document per version holds what a bot is made of, secrets sealed. Every change
//! of a bot is a job that first writes what is wanted, in the commit that queues its task, and
//! then writes what came of it, in the commit that ends it. So the quota is reserved before
//! anything is built, and two orchestrators can't both give away the last place.
//!
//! ```text
//! init ─ start ───────────▶ placing ─ start_bot ─▶ bot_started | start_failed
//!      ├ restart ─────────▶ restart_bot ─────────▶ bot_restarted | restart_failed ─▶ placing
//!      ├ update ──────────▶ update_bot ──────────▶ bot_updated | update_failed ────▶ placing
//!      ├ stop ────────────▶ stop_bot ────────────▶ bot_stopped | stop_failed
//!      ├ logs, status ────▶ get_logs, check_status ▶ logs_received, status_received | …_failed
//!      └ list ────────────▶ list_bots (per worker) ▶ list_received | list_failed
//! ```
//!
//! # What holds
//!
//! * A bot counts against the quota while it is wanted running: also while it is being started,
//!   while it crashes, and while its worker is away. A stopped one never counts, even if a worker
//!   that is away may still run it.
//! * One job at a time changes a bot. Its marker goes with the job, however that ends; the time
//!   on it is only the last resort.
//! * A worker that may hold a container it should not (it was away when the bot was stopped, or
//!   nobody knows how its task ended) is remembered as `pending_stop`. The next `stop` and the
//!   next `start` of that bot ask it to stop first.
//! * A start that failed is taken back, unless the worker kept the crashing bot.
//! * A stopped bot is remembered with its last versions, so that `restart` brings it back.

mod abort;
mod blueprint;
mod bots;
mod door;
mod halt;
mod init;
mod list;
mod options;
mod placing;
mod quota;
mod read;
mod restart;
mod scene;
mod spec;
mod start;
mod stop;
mod task;
mod texts;
mod update;

pub use blueprint::bot_runner;
pub use options::BotRunnerOptions;
