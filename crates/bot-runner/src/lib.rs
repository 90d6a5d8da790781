//! Runs Telegram bots in hardened Docker containers.
//!
//! [`Runner::connect`] talks to a Docker Engine over its socket; the operations on [`Runner`]
//! start, update, restart, stop and watch bots of the `simple` mode; [`register`] installs them
//! as task handlers of a worker.
//!
//! | Module | One idea |
//! |---|---|
//! | [`options`] | every setting with its default |
//! | [`runner`] | the runner itself: connecting, supervision, shutdown |
//! | `ops` | one operation a file: start, update, restart, stop, logs, list, status |
//! | [`failure`] | codes and texts of failures, in English and Russian |
//! | `image` | dependency images: keyed, built once, kept |
//! | `archive`, `container` | what goes into a container, and how it is locked up |
//! | `network`, `firewall` | a subnet for each bot, and what may leave it |
//! | `gate`, `classify` | whether a started bot really works, and why not |
//! | `logs` | lines, cursors, long polls |
//! | `label`, `names`, `record` | what says whose a container is |
//! | `supervise`, `reconcile` | crash loops, leftovers |
//! | `redirect`, `sim` | bots that talk to `telegram-sim` without knowing |
//!
//! What happens to a bot whose start fails is fixed in [`failure::Policy`].

mod archive;
mod bot;
mod classify;
mod container;
mod engine;
pub mod failure;
mod firewall;
mod gate;
mod handlers;
mod image;
mod inspect;
mod label;
mod locks;
mod logs;
mod names;
mod network;
mod ops;
pub mod options;
pub mod phases;
mod reconcile;
mod record;
mod redirect;
pub mod runner;
mod sim;
mod state;
mod supervise;
mod time;

pub use bot::BotId;
pub use handlers::register;
pub use logs::Stream;
pub use network::pool::{ParsePoolError, Pool};
pub use ops::list::{Listed, Listing};
pub use ops::logs::{LogLine, LogQuery, LogsAnswer};
pub use ops::restart::Restarted;
pub use ops::start::{StartRequest, Started, Timings};
pub use ops::status::{Status, StatusAnswer};
pub use ops::stop::Stopped;
pub use ops::update::Updated;
pub use options::RunnerOptions;
pub use phases::Phases;
pub use runner::{ConnectError, Runner};
