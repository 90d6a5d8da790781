//! Reading configuration without ever waiting for somebody to write it.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// Opens a file for reading, through symbolic links. Nothing but a regular file is taken: opening
/// a FIFO waits for a writer that may never come, and a device may have no end.
///
/// # Errors
/// When it can't be opened, or is something else than a regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    // Asked before it is opened: opening is what hangs.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    File::open(path)
}

/// Reads a regular file of at most `max_bytes`.
///
/// # Errors
/// As [`open_regular`], or when the file has more bytes.
pub fn read_regular(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?
        .take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|read| read > max_bytes) {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {max_bytes} bytes"),
        ));
    }
    Ok(bytes)
}
