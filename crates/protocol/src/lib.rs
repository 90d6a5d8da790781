//! The words Avtomatika's server, workers and clients share.
//!
//! No IO, no async, no clock: only types, their JSON shapes and the rules that belong to them.
//!
//! | Module | What it names |
//! |---|---|
//! | [`id`] | jobs, tasks, workers, clients, leases |
//! | [`status`] | where a job stands |
//! | [`error`] | codes and bodies of refusals and failures |
//! | [`history`] | what happened to a job, as its owner reads it |
//! | [`job`] | what a client posts and reads |
//! | [`suggest`] | what somebody who mistyped a word meant |
//! | [`worker`] | what a worker sends and receives |
//! | [`bot`] | the bot runner's vocabulary: specs, validation, states, texts |

pub mod bot;
pub mod error;
pub mod history;
pub mod id;
pub mod job;
pub mod status;
pub mod suggest;
pub mod worker;

pub use error::{ErrorBody, Failure};
pub use id::{ClientId, JobId, LeaseId, SessionId, TaskId, WorkerId};
pub use status::JobStatus;
