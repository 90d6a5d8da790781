//! The Avtomatika engine.
//!
//! A job walks through a [`blueprint::Blueprint`]. [`machine::step`] is the pure core that turns
//! an event into the next job and its effects; [`storage::Store`] is the port a batch of such
//! effects is committed through; [`service::Engine`] is the shell that loads, steps, commits and
//! then wakes whoever waits.
//!
//! | Module | What is in it |
//! |---|---|
//! | [`blueprint`] | states, handlers, actions |
//! | [`machine`] | the job and what events make of it |
//! | [`storage`] | the store port and the in-memory index its engines share |
//! | [`service`] | submit, poll, result, heartbeat, timers, waiting reasons |
//! | [`history`] | what happened to a job, told in events |
//! | [`seal`] | sealing of secrets |
//! | [`clock`] | wall time, real or by hand |
//! | [`entropy`] | ids and jitter, real or seeded |
//! | [`settings`] | limits and intervals |
//! | [`trace`] | trace contexts of jobs and tasks |
//! | [`names`] | metric names |

pub mod blueprint;
pub mod clock;
pub mod entropy;
pub mod history;
pub mod lock;
pub mod machine;
pub mod names;
pub mod seal;
pub mod service;
pub mod settings;
pub mod storage;
pub mod trace;

pub use blueprint::{Action, Blueprint, Client, Context, Dispatch, EndAs, HandlerError};
pub use service::Engine;
pub use settings::Settings;
