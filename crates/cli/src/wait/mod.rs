//! Follows a job to its end.

mod follow;
mod tracker;

pub use follow::{Waiter, outcome};
pub use tracker::{Step, Tracker};
