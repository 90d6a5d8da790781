//! What the command line says, as plain data.

use std::ffi::OsString;
use std::path::PathBuf;

use clap_complete::Shell;

use crate::text::Language;

/// A command line that could be read.
#[derive(Debug)]
pub struct Invocation {
    /// What holds for every command.
    pub global: Global,
    /// What to do.
    pub command: Command,
}

/// Options that every command takes, before or after its name.
#[derive(Debug, Default)]
pub struct Global {
    /// `--url`.
    pub url: Option<String>,
    /// `--token`.
    pub token: Option<String>,
    /// `--ca`.
    pub ca: Option<PathBuf>,
    /// `--verbose`.
    pub verbose: bool,
    /// `--lang`.
    pub language: Option<Language>,
    /// `--json`.
    pub json: bool,
    /// `--no-color`.
    pub no_color: bool,
    /// `--timeout`, seconds.
    pub timeout_s: Option<u64>,
    /// `--no-wait`, of the commands that change something.
    pub no_wait: bool,
}

/// A command.
#[derive(Debug)]
pub enum Command {
    /// Start a bot.
    Start(Box<Deploy>),
    /// Replace a bot's version.
    Update(Box<Deploy>),
    /// List bots.
    List,
    /// Show one bot.
    Status(String),
    /// Show what a bot wrote.
    Logs(Logs),
    /// Stop a bot.
    Stop(String),
    /// Restart a bot.
    Restart(String),
    /// Print a completion script.
    Completion(Shell),
    /// Check everything.
    Doctor,
}

/// What `start` and `update` take.
#[derive(Debug)]
pub struct Deploy {
    /// The bot.
    pub bot_id: String,
    /// Where its code is.
    pub source: Source,
    /// `--entrypoint`.
    pub entrypoint: Option<String>,
    /// `--requirements`.
    pub requirements: Option<OsString>,
    /// `--env`, in order.
    pub env: Vec<String>,
    /// `--env-file`, in order.
    pub env_files: Vec<PathBuf>,
    /// `--memory`, MB.
    pub memory_mb: Option<u64>,
    /// `--cpus`.
    pub cpu_cores: Option<f64>,
    /// `--ready`.
    pub ready: Option<String>,
}

/// Where code is.
#[derive(Debug)]
pub enum Source {
    /// Files and folders.
    Files(Vec<PathBuf>),
    /// The code itself.
    Inline(String),
    /// The code itself, on standard input.
    InlineFromStdin,
    /// A way that isn't there yet, by its option.
    NotYet(&'static str),
}

/// What `logs` takes.
#[derive(Debug)]
pub struct Logs {
    /// The bot.
    pub bot_id: String,
    /// How many of the last lines.
    pub lines: u32,
    /// Whether to go on.
    pub follow: bool,
    /// Whether to show times.
    pub timestamps: bool,
}
