#![doc = include_str!("../README.md")]

mod backoff;
mod builder;
mod channel;
mod client;
mod courier;
mod delivered;
mod delivery;
mod drain;
mod error;
mod handler;
mod heartbeat;
mod http;
mod lane;
mod outcome;
mod poll;
mod progress;
mod register;
mod run;
mod running;
mod session;
mod settings;
mod slots;
mod task;
mod trouble;
mod worker;

pub use avtomatika_protocol::Failure;
pub use avtomatika_protocol::worker::{Outcome, TaskMessage};

pub use builder::WorkerBuilder;
pub use delivered::Delivered;
pub use error::Error;
pub use http::{TlsError, TlsFiles};
pub use outcome::{IntoOutcome, invalid_input, permanent, transient};
pub use progress::Progress;
pub use task::TaskContext;
pub use worker::Worker;
