//! What a bot consists of: files, requirements, variables, and which file to run.

mod bundle;
mod collect;
mod environment;
mod ignore;
mod requirements;
mod script;

pub use bundle::{Bundle, Note, bundle};
pub use environment::variables;

use std::path::Path;

use crate::text::Problem;

/// Most files a bot may consist of.
pub const FILES_MAX: usize = 1000;
/// Most bytes a bot's files may have together.
pub const BYTES_MAX: u64 = 10 * 1024 * 1024;

/// Turns an error of reading a file into an objection.
fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::FileUnreadable {
        file: path.to_owned(),
        why: error.to_string(),
    }
}
