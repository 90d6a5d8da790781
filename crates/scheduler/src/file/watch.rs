//! Whether the file has changed.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{FILE_MAX_BYTES, open_regular};

/// How old a change must be before the file's time is believed: file systems count in steps, and
/// a second change within one step leaves the time as it was.
const SETTLED: Duration = Duration::from_secs(3);

/// What a look at the file found.
#[derive(Debug)]
pub enum Look {
    /// The same as at the last look.
    Same,
    /// This text.
    Changed(String),
    /// It can't be read, and could before.
    Unreadable(String),
}

/// What was seen of the file's outside.
#[derive(Clone, PartialEq, Eq)]
struct Outside {
    changed: Option<SystemTime>,
    bytes: u64,
}

/// Looks at a file again and again.
pub struct Watch {
    path: PathBuf,
    outside: Option<Outside>,
    /// The last text, or why there was none.
    last: Option<Result<String, String>>,
}

impl Watch {
    /// A watch that has not looked yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            outside: None,
            last: None,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks whether it has changed since the last look. Blocks for as long as the disk does.
    pub fn look(&mut self) -> Look {
        let outside = self.outside();
        if outside.is_some() && outside == self.outside {
            return Look::Same;
        }
        let read = read(&self.path);
        // Only a time that can't hide another change any more spares the next reading.
        self.outside = outside.filter(|outside| {
            let age = outside.changed.and_then(|changed| changed.elapsed().ok());
            age.is_some_and(|age| age > SETTLED)
        });
        if self.last.as_ref() == Some(&read) {
            return Look::Same;
        }
        self.last = Some(read.clone());
        match read {
            Ok(text) => Look::Changed(text),
            Err(reason) => Look::Unreadable(reason),
        }
    }

    fn outside(&self) -> Option<Outside> {
        let seen = std::fs::metadata(&self.path).ok()?;
        Some(Outside {
            changed: seen.modified().ok(),
            bytes: seen.len(),
        })
    }
}

/// Reads a file of text, a bit more than the largest allowed at most.
fn read(path: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("failed to read {}: {error}", path.display());
    let file = open_regular(path).map_err(failed)?;
    let mut text = String::new();
    let max = u64::try_from(FILE_MAX_BYTES + 1).unwrap_or(u64::MAX);
    file.take(max).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
