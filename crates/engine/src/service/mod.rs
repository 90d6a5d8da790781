//! The shell around the pure core: load, step, commit, wake.

mod cancel;
mod documents;
mod drive;
mod engine;
mod error;
mod heartbeat;
mod parking;
mod poll;
mod progress;
mod report;
mod submit;
mod through;
mod timers;
mod view;
mod waiting;
mod watch;

pub use engine::{Engine, Options};
pub use error::EngineError;
pub use heartbeat::Beat;
pub use poll::{Handout, Poll};
pub use report::Reported;
pub use submit::{NewJob, Submitted};
pub use view::{PAGE_BYTES, Stats};
