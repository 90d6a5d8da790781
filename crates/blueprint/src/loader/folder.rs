//! What is in the folder, and what of it has changed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::parse::{FILE_BYTES_MAX, is_blueprint_file};

/// Files looked at: those known already first, then by name.
const FILES_MAX: usize = 1_000;
/// What is wanted of a file.
const TEXT: &str = "a blueprint file is UTF-8 text";
/// A file that was written to this lately is read again: its time may not tell two writes apart.
const FRESH: Duration = Duration::from_secs(3);

/// What tells whether a file has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    hash: blake3::Hash,
    /// Whether the time could be trusted when the file was read.
    settled: bool,
}

impl Stamp {
    /// That of a file nobody looks at, since there are too many.
    fn too_many() -> Self {
        Self {
            modified: None,
            bytes: 0,
            hash: blake3::hash(b"too many files"),
            settled: false,
        }
    }

    /// Whether the file is one of those that are looked at.
    fn is_looked_at(&self) -> bool {
        *self != Self::too_many()
    }
}

/// What was found of a file.
pub(super) enum Found {
    /// It is as it was.
    Same,
    /// It says what it said; only its stamp is another.
    Touched(Stamp),
    /// Its new text.
    Text(Stamp, String),
    /// It has changed, and is no text to be read: why, and what to do.
    Unusable(Stamp, String, &'static str),
}

/// Looks at the blueprint files directly in the folder.
///
/// # Errors
/// When the folder can't be read. What is wrong with single files is found with them.
pub(super) fn look(
    folder: &Path,
    known: &BTreeMap<PathBuf, Stamp>,
) -> io::Result<BTreeMap<PathBuf, Found>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if is_blueprint_file(&path) {
            paths.push(path);
        }
    }
    // A new file never takes the place of one that has it: what works goes on working.
    paths.sort_by_cached_key(|path| {
        (
            !known.get(path).is_some_and(Stamp::is_looked_at),
            path.clone(),
        )
    });
    let too_many = paths.split_off(FILES_MAX.min(paths.len()));
    let mut found = BTreeMap::new();
    for path in too_many {
        let same = known.get(&path).is_some_and(|stamp| !stamp.is_looked_at());
        let refused = Found::Unusable(
            Stamp::too_many(),
            format!("there are more than {FILES_MAX} blueprint files: this one is not looked at"),
            "take files that nobody needs out of the folder",
        );
        found.insert(path, if same { Found::Same } else { refused });
    }
    for path in paths {
        match look_at(&path, known.get(&path)) {
            Ok(Some(one)) => {
                found.insert(path, one);
            }
            Ok(None) => {}
            // It was there a moment ago: it is being replaced.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let stamp = Stamp {
                    modified: None,
                    bytes: 0,
                    hash: blake3::hash(error.to_string().as_bytes()),
                    settled: false,
                };
                let same = known.get(&path) == Some(&stamp);
                let unusable =
                    Found::Unusable(stamp, format!("the file can't be read: {error}"), TEXT);
                found.insert(path, if same { Found::Same } else { unusable });
            }
        }
    }
    Ok(found)
}

/// Looks at one file; `None` for what is no file.
fn look_at(path: &Path, known: Option<&Stamp>) -> io::Result<Option<Found>> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Ok(None);
    }
    let modified = about.modified().ok();
    let unchanged = known.is_some_and(|known| {
        known.settled && known.modified == modified && known.bytes == about.len()
    });
    if unchanged {
        return Ok(Some(Found::Same));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(FILE_BYTES_MAX)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    let age = modified.and_then(|modified| modified.elapsed().ok());
    let stamp = Stamp {
        modified,
        bytes: about.len(),
        hash: blake3::hash(&bytes),
        settled: age.is_some_and(|age| age > FRESH),
    };
    if known.is_some_and(|known| known.hash == stamp.hash) {
        return Ok(Some(Found::Touched(stamp)));
    }
    Ok(Some(match String::from_utf8(bytes) {
        Ok(text) => Found::Text(stamp, text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            Found::Unusable(
                stamp,
                format!("the file is not UTF-8 from byte {at} on"),
                TEXT,
            )
        }
    }))
}
