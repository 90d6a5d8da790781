//! Making the file.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Makes the file under another name first: it can't be opened before it is complete, and a
/// process may be killed at any moment.
pub(super) fn make_file(builder: &redb::Builder, path: &Path) -> Result<(), redb::DatabaseError> {
    let new = path.with_extension(format!("redb.new-{}", std::process::id()));
    let failed = |error: std::io::Error| redb::DatabaseError::from(redb::StorageError::Io(error));
    // Left behind by an earlier process of the same number.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    drop(builder.create(&new)?);
    // A link, unlike a rename, does not replace what another process has made meanwhile.
    let linked = match fs::hard_link(&new, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    };
    fs::remove_file(&new).map_err(failed)?;
    linked
}

/// Removes what processes left that were killed while they made the file. It is there now, so
/// nobody is making it.
pub(super) fn clear_unfinished(dir: &Path) {
    let files = fs::read_dir(dir).into_iter().flatten().flatten();
    for file in files {
        let name = file.file_name();
        if name.to_string_lossy().starts_with("jobs.redb.new-")
            && let Err(error) = fs::remove_file(file.path())
        {
            tracing::warn!(%error, "failed to remove an unfinished file");
        }
    }
}
