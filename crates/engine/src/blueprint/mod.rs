//! Blueprints: the state machines jobs walk through.
//!
//! A blueprint is data (names, an endpoint, end states, secret keys) and one [`Handler`] per
//! working state. Handlers are pure: they see a [`Context`] and return one [`Action`].

mod action;
mod builder;
mod context;
mod needs;
mod parallel;
mod pause;
mod retry;

pub use action::{Action, ActionKind, Dispatch, DocumentKey, DocumentWrite};
pub use builder::{
    Blueprint, BuildError, Builder, Edge, EndAs, Endpoint, InputCheck, OutputCheck, State,
};
pub use context::{
    BranchResult, ChildResult, Client, Context, Documents, Handler, HandlerError, LastTask,
};
pub use needs::{Needs, Strategy, Wants};
pub use parallel::{Branch, BranchWork, Join, Parallel, RunBlueprint};
pub use pause::{AwaitApproval, RECEIVED, TIMEOUT, WaitEvent};
pub use retry::RetryPolicy;
