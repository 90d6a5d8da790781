//! Reads files and folders into named contents.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::ignore::{Rules, Verdict};
use super::{BYTES_MAX, FILES_MAX, read_at_most, unreadable};
use crate::text::Problem;

/// Deepest nesting of folders; deeper is taken for a mistake.
const DEPTH_MAX: usize = 32;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Contents by name in the bot, `/`-separated.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// Bytes of all contents together.
    pub(super) bytes: u64,
    /// Files with secrets that were left out, as names in the bot.
    pub(super) secret_files: Vec<String>,
    /// Symbolic links that were left out.
    pub(super) links: u64,
}

impl Collected {
    /// Reads everything named. One folder alone is the root of the bot; a folder among several
    /// arguments keeps its name, as it does for `cp`.
    pub(super) fn read(current_dir: &Path, paths: &[PathBuf]) -> Result<Self, Problem> {
        let mut collected = Self::default();
        for path in paths {
            let full = current_dir.join(path);
            let metadata = fs::metadata(&full).map_err(|error| unreadable(path, &error))?;
            if !metadata.is_dir() {
                collected.file(&full, file_name(&full)?)?;
                continue;
            }
            let prefix = if paths.len() == 1 {
                String::new()
            } else {
                folder_name(&full)?
            };
            let rules = rules_of(&full)?;
            let before = collected.files.len();
            collected.folder(
                &Walk {
                    root: &full,
                    rules: &rules,
                    prefix: &prefix,
                },
                "",
                0,
            )?;
            if collected.files.len() == before {
                return Err(Problem::NoFiles(path.clone()));
            }
        }
        Ok(collected)
    }

    fn folder(&mut self, walk: &Walk<'_>, inside: &str, depth: usize) -> Result<(), Problem> {
        let folder = walk.root.join(inside);
        if depth > DEPTH_MAX {
            return Err(Problem::TooManyFiles { max: FILES_MAX });
        }
        let entries = fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&folder, &error))?;
            let path = entry.path();
            let Ok(name) = entry.file_name().into_string() else {
                return Err(Problem::NameNotText(path));
            };
            let kind = entry
                .file_type()
                .map_err(|error| unreadable(&path, &error))?;
            let relative = join(inside, &name);
            let verdict = walk.rules.verdict(&relative, kind.is_dir());
            if verdict == Verdict::Ignored || relative == ".botignore" {
                continue;
            }
            if kind.is_dir() {
                self.folder(walk, &relative, depth + 1)?;
            } else if kind.is_symlink() {
                // What a link points at may lie outside: it isn't sent behind the author's back.
                self.links += 1;
            } else if kind.is_file() {
                let name_in_bot = join(walk.prefix, &relative);
                if holds_secrets(&name) && verdict != Verdict::Kept {
                    self.secret_files.push(name_in_bot);
                } else {
                    self.file(&path, name_in_bot)?;
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, name: String) -> Result<(), Problem> {
        let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        // Asked before reading: a disk image would never fit.
        if self.bytes.saturating_add(metadata.len()) > BYTES_MAX {
            return Err(Problem::TooManyBytes {
                max_bytes: BYTES_MAX,
            });
        }
        if self.files.len() >= FILES_MAX {
            return Err(Problem::TooManyFiles { max: FILES_MAX });
        }
        let content = read_at_most(path, path, BYTES_MAX - self.bytes)?;
        self.bytes += content.len() as u64;
        match self.files.insert(name.clone(), content) {
            Some(_) => Err(Problem::SameName(name)),
            None => Ok(()),
        }
    }
}

/// A walk through one folder tree.
struct Walk<'a> {
    root: &'a Path,
    rules: &'a Rules,
    prefix: &'a str,
}

fn rules_of(folder: &Path) -> Result<Rules, Problem> {
    let path = folder.join(".botignore");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Rules::parse(&text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Rules::default()),
        Err(error) => Err(unreadable(&path, &error)),
    }
}

/// Whether a file is by custom where secrets are kept. Variables have a sealed way of their own.
fn holds_secrets(name: &str) -> bool {
    name == ".env"
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

fn file_name(path: &Path) -> Result<String, Problem> {
    match path.file_name().map(|name| name.to_str()) {
        Some(Some(name)) => Ok(name.to_owned()),
        _ => Err(Problem::NameNotText(path.to_owned())),
    }
}

/// The name of a folder, `.` and `..` included: those stand for a name only the system knows.
fn folder_name(path: &Path) -> Result<String, Problem> {
    match path.file_name() {
        Some(_) if !path.ends_with("..") => file_name(path),
        _ => file_name(&fs::canonicalize(path).map_err(|error| unreadable(path, &error))?),
    }
}
