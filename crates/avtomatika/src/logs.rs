//! The log, to stderr. `LOG_LEVEL` (or `RUST_LOG`) says how much of it.
//!
//! That is for our own parts. Libraries get no further than `info`, whatever is asked for: below
//! that they write down whole requests, and with them the secrets of bots.

use std::io::IsTerminal as _;

use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::LogFormat;

/// What the targets of our own parts begin with.
const OURS: &str = "avtomatika";

pub(crate) fn install(format: LogFormat) {
    let level = std::env::var("RUST_LOG")
        .or_else(|_| std::env::var("LOG_LEVEL").map(|level| level.to_lowercase()))
        .unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::try_new(&level).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let lines = match format {
        LogFormat::Text => lines.with_target(false).compact().boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    registry()
        .with(filter)
        .with(filter_fn(may_be_told))
        .with(lines)
        .init();
}

/// Whether nothing secret is in a record of this kind.
fn may_be_told(record: &Metadata<'_>) -> bool {
    record.target().starts_with(OURS) || *record.level() <= LevelFilter::INFO
}
