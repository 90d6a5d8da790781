//! The world a run of the program sees. The binary fills it from the process; tests as they like.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::future::Future;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::pin::Pin;

use indicatif::ProgressDrawTarget;
use jiff::Timestamp;

/// Everything a run takes from outside itself.
pub struct Context {
    /// The command line, the program's name first.
    pub arguments: Vec<OsString>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// The folder relative paths and the search for the server file start from.
    pub current_dir: PathBuf,
    /// The effective user, to see whose files are read; `None` where there is no such thing.
    pub user: Option<u32>,
    /// Standard input.
    pub stdin: Box<dyn Read + Send>,
    /// Where data goes.
    pub stdout: Stream,
    /// Where everything else goes.
    pub stderr: Stream,
    /// Where a moving display may be drawn.
    pub spinner: ProgressDrawTarget,
    /// Columns of the terminal, if there is one.
    pub width: Option<usize>,
    /// Resolves when the person wants to stop (Ctrl-C).
    pub interrupt: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// One of the two outputs.
pub struct Stream {
    /// Takes the text.
    pub writer: Box<dyn Write + Send>,
    /// Whether a person looks at it directly.
    pub is_terminal: bool,
}

impl Context {
    /// A variable of the environment that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}
