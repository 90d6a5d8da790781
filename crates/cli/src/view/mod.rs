//! What a command found out, as plain data: drawn for people, printed as JSON for programs.
//! The JSON keys are a promise.

mod bots;
mod checks;
mod deployed;
mod document;
mod log;
mod report;
mod shown;

pub use bots::{Bot, Bots};
pub use checks::{CheckResult, Checks};
pub use deployed::{Accepted, Change, Deployed, Stopped};
pub use document::{Document, Refusal};
pub use log::{Log, LogLine};
pub use report::Report;
pub use shown::{minute, moment, number_or_text};
