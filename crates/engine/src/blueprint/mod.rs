//! Blueprints: the state machines jobs walk through.
//!
//! A blueprint is data (names, an endpoint, end states, secret keys) and one [`Handler`] per
//! working state. Handlers are pure: they see a [`Context`] and return one [`Action`].

mod action;
mod builder;
mod context;
mod retry;

pub use action::{Action, ActionKind, Dispatch, DocumentKey, DocumentWrite};
pub use builder::{Blueprint, BuildError, Builder, EndAs, Endpoint, InputCheck, State};
pub use context::{Client, Context, Documents, Handler, HandlerError, LastTask};
pub use retry::RetryPolicy;
