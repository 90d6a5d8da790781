//! Words on stdout.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write as _};

/// Writes a line. Nobody reading any more, as behind `head`, is no error: they have read enough.
///
/// # Errors
/// When stdout fails otherwise, as on a full disk.
pub(super) fn line(text: Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
