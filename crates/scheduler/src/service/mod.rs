//! The scheduler at work: who looks when, what is posted, what can be asked for.

mod book;
mod handle;
mod options;
mod post;
mod reload;
mod scheduler;
mod turn;
mod view;

pub use handle::{Error, Handle};
pub use options::{OpenError, Options, Source};
pub use scheduler::Scheduler;
pub use view::{FileView, LastRun, NextRun, PausedView, View};
