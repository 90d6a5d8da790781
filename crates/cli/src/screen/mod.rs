//! The only place that draws. Drawing is pure: a view and a [`Frame`] in, text out.

mod bots;
mod checks;
mod deployed;
mod log;
mod output;
mod panel;
mod progress;
mod redact;
mod report;
mod sanitize;
mod table;
mod theme;
mod wrap;

pub use bots::{draw_bot, draw_bots};
pub use checks::draw_checks;
pub use deployed::{draw_accepted, draw_deployed, draw_stopped};
pub use log::{Highlighter, draw_log_header, draw_log_line};
pub use output::Output;
pub use progress::{Progress, progress};
pub use redact::Redactor;
pub use report::draw_report;
pub use sanitize::{clean_json, clean_line, clean_text};
pub use theme::{Frame, Look, Role};
