//! The bot runner's vocabulary, shared by the orchestrator, the runner and the CLI.
//!
//! Everything a client may say about a bot is checked here, by pure functions, so that the
//! orchestrator and the worker refuse the same input with the same words.
//!
//! | Module | One idea |
//! |---|---|
//! | [`request`] | the body posted to `/api/jobs/bot_runner` |
//! | [`action`] | what can be asked for, and the task each action becomes |
//! | [`spec`] | what a bot is made of, checked and normalised |
//! | [`source`] | the seed era's `custom` and `image` sources |
//! | [`files`], [`path`] | the bot's files and what they may be called |
//! | [`entrypoint`] | what Python is told to run |
//! | [`requirements`] | PEP 508, without the parts that reach beyond the package index |
//! | [`mod@env`] | environment variables |
//! | [`limits`] | memory, CPU and time, clamped by a policy |
//! | [`ready`] | the pattern that says a bot is ready |
//! | [`names`], [`user`] | who owns a bot and what its container is called |
//! | [`state`] | the states a user sees |
//! | [`secrets`] | which values are secret, and how they are hidden |
//! | [`refusal`] | every code with its texts in English and Russian |
//! | [`shown`] | foreign text made safe to repeat in a message |

pub mod action;
pub mod entrypoint;
pub mod env;
pub mod files;
pub mod limits;
pub mod names;
pub mod path;
pub mod ready;
pub mod refusal;
pub mod request;
pub mod requirements;
pub mod secrets;
pub mod shown;
pub mod source;
pub mod spec;
pub mod state;
pub mod user;

pub use action::Verb;
pub use entrypoint::Entrypoint;
pub use limits::{LimitPolicy, ResourceLimits};
pub use names::{bot_key, container_name};
pub use refusal::Refusal;
pub use request::{Action, BotRequest};
pub use secrets::{SecretValues, mask};
pub use spec::{SpecPolicy, StartSpec};
pub use state::BotState;
pub use user::user_id_of_token;
