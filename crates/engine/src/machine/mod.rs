//! The pure core: what an event makes of a job.
//!
//! No clock, no IO, no randomness: time, ids and jitter come in through [`Env`], so any run can
//! be replayed. The service around it loads the job, calls [`step`], runs handlers while the
//! step asks for one, and commits what came of it in one batch.
//!
//! | Module | What is in it |
//! |---|---|
//! | `job`, `wait` | the job as it is stored, and what it waits for |
//! | `event` | what can happen to it |
//! | `step` | one event, and the moves all events share |
//! | `returned` | answers of handlers |
//! | `task`, `verdict` | results and losses of tasks |
//! | `fork` | branches and their join |
//! | `child` | sub-jobs |
//! | `pause` | people, events and times that are waited for |
//! | `person` | decisions, releases |

mod child;
mod event;
mod fork;
mod job;
mod pause;
mod person;
mod returned;
mod step;
mod task;
mod verdict;
mod wait;

pub use event::{ChildEnd, Choice, Draw, Env, Event, Ignored, Loss, Lost, Report};
pub use job::{Job, Work};
pub use pause::digest;
pub use step::{Next, Note, Question, Spawn, Step, step, step_on};
pub use wait::{Approval, BranchState, Child, Fork, Runs, Signal, SignalWait, Wait};
