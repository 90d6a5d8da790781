//! The file `avtomatika up` leaves for us: where it is, and whether it may be trusted.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::context::Context;
use crate::text::Problem;

/// A file longer than this isn't ours.
const BYTES_MAX: u64 = 64 * 1024;

/// What such a file says. Unknown keys are left alone, so that an older program reads a newer file.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ClientFile {
    /// The server's address.
    pub(super) url: String,
    /// The token.
    pub(super) token: String,
    /// Who may vouch for the server; a relative name is one beside the file.
    ca: Option<PathBuf>,
    /// Where it was found.
    #[serde(skip)]
    pub(super) path: PathBuf,
}

impl ClientFile {
    /// Who may vouch for the server, if the file says so.
    pub(super) fn ca(&self) -> Option<PathBuf> {
        let beside = self.path.parent().unwrap_or(Path::new(""));
        self.ca.as_ref().map(|ca| beside.join(ca))
    }
}

/// Finds and reads the nearest file, if there is one.
pub(super) fn find(context: &Context) -> Result<Option<ClientFile>, Problem> {
    for path in places(context) {
        match File::open(&path) {
            Ok(file) => return read(file, &path, context.user).map(Some),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(broken(&path, &error)),
        }
    }
    Ok(None)
}

fn places(context: &Context) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = context
        .current_dir
        .ancestors()
        .map(|folder| folder.join("avtomatika-data").join("client.toml"))
        .collect();
    // The XDG rules say that a relative path there is to be ignored.
    let xdg = context
        .variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|p| p.is_absolute());
    let config = xdg.or_else(|| {
        context
            .variable("HOME")
            .map(|home| Path::new(home).join(".config"))
    });
    places.extend(config.map(|folder| folder.join("avtomatika").join("client.toml")));
    places
}

fn read(file: File, path: &Path, user: Option<u32>) -> Result<ClientFile, Problem> {
    // Asked of the open file, so that it can't be swapped between the check and the reading.
    check(&file, path, user)?;
    let mut text = String::new();
    file.take(BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| broken(path, &error))?;
    let mut content: ClientFile = toml::from_str(&text).map_err(|error| {
        // Only the parser's words: its display repeats the line, and the line may be the token.
        Problem::ClientFileBroken {
            file: path.to_owned(),
            why: error.message().to_owned(),
        }
    })?;
    path.clone_into(&mut content.path);
    Ok(content)
}

#[cfg(unix)]
fn check(file: &File, path: &Path, user: Option<u32>) -> Result<(), Problem> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata().map_err(|error| broken(path, &error))?;
    if !metadata.is_file() {
        let why = "not a regular file".to_owned();
        return Err(Problem::ClientFileBroken {
            file: path.to_owned(),
            why,
        });
    }
    // Somebody else's file in a shared parent folder could send our secrets to their server.
    if user.is_some_and(|user| metadata.uid() != user && metadata.uid() != 0) {
        return Err(Problem::ClientFileForeign(path.to_owned()));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(Problem::ClientFileOpen(path.to_owned()));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check(_file: &File, _path: &Path, _user: Option<u32>) -> Result<(), Problem> {
    Ok(())
}

fn broken(path: &Path, error: &std::io::Error) -> Problem {
    Problem::ClientFileBroken {
        file: path.to_owned(),
        why: error.to_string(),
    }
}
