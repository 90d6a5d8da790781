//! Small private files, written whole or not at all.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::Context as _;

/// Makes a folder only its owner can look into.
pub(super) fn private_dir(dir: &Path) -> anyhow::Result<()> {
    let context = || format!("failed to use the folder {}", dir.display());
    fs::create_dir_all(dir).with_context(context)?;
    fs::set_permissions(dir, Permissions::from_mode(0o700)).with_context(context)
}

/// Reads a file that may not be there.
pub(super) fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("failed to read {}", path.display())),
    }
}

/// Reads a one-line file, making it first if it isn't there.
pub(super) fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> anyhow::Result<String>,
) -> anyhow::Result<String> {
    if let Some(text) = read(path)? {
        return Ok(text.trim().to_owned());
    }
    let text = make()?;
    write(path, &format!("{text}\n"))?;
    Ok(text)
}

/// Writes a file with mode 0600: beside its place first, then moved there, so that a crash
/// leaves the old one or the new one.
pub(super) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let context = || format!("failed to write {}", path.display());
    let draft = path.with_extension("draft");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).with_context(context)?,
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .with_context(context)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(context)?;
    fs::rename(&draft, path).with_context(context)
}

/// Whether something failed because there was no room on the disk.
pub(super) fn is_full(error: &anyhow::Error) -> bool {
    let error = error.root_cause().downcast_ref::<std::io::Error>();
    error.is_some_and(|error| {
        matches!(
            error.kind(),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded
        )
    })
}
