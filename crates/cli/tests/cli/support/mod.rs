//! A fake orchestrator, and the binary run against it.

mod program;
mod server;

pub(crate) use program::{Program, Ran};
pub(crate) use server::{Frame, Reply, Server, completed, failed, frame};
