//! The pure core: what an event makes of a job.
//!
//! No clock, no IO, no randomness: time, ids and jitter come in through [`Env`], so any run can
//! be replayed. The service around it loads the job, calls [`step`], runs handlers while the
//! step asks for one, and commits what came of it in one batch.

mod event;
mod failure;
mod job;
mod returned;
mod step;

pub use event::{Env, Event, Ignored, Lost};
pub use job::{Job, Work};
pub use step::{Next, Step, step};
