//! Requirements: a file, a list on the command line, or the file beside the code.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{BYTES_MAX, read_at_most};
use crate::text::Problem;

/// Files that include files that include files: deeper is a loop or a mistake.
const DEPTH_MAX: usize = 8;

/// Requirements, one PEP 508 text each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Requirements {
    /// The texts.
    pub(super) list: Vec<String>,
    /// Whether hashes stood in a file; they aren't part of a PEP 508 text.
    pub(super) hashes_dropped: bool,
}

/// Reads `-r`: a file if there is one of that name, else a comma-separated list.
pub(super) fn given(current_dir: &Path, value: &OsStr) -> Result<Requirements, Problem> {
    let path = current_dir.join(value);
    if path.is_file() {
        return from_file(&path);
    }
    match value.to_str() {
        Some(text) if !looks_like_a_path(text) => Ok(from_list(text)),
        _ => {
            let why = "no such file".to_owned();
            Err(Problem::FileUnreadable {
                file: PathBuf::from(value),
                why,
            })
        }
    }
}

/// Reads a requirements file and those it includes.
pub(super) fn from_file(path: &Path) -> Result<Requirements, Problem> {
    let mut found = Requirements::default();
    include(path, 0, &mut found)?;
    Ok(found)
}

fn looks_like_a_path(text: &str) -> bool {
    // `name @ https://…` and `name @ file:///…` hold slashes and are requirements.
    !text.contains('@')
        && (Path::new(text)
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("txt"))
            || text.contains(['/', '\\']))
}

/// Splits at commas, but not inside brackets (`pkg[a,b]`) nor inside a version (`pkg>=1,<2`).
fn from_list(text: &str) -> Requirements {
    let mut list: Vec<String> = Vec::new();
    let mut depth = 0_usize;
    let mut piece = String::new();
    for c in text.chars().chain([',']) {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c != ',' || depth > 0 {
            piece.push(c);
            continue;
        }
        let whole = std::mem::take(&mut piece);
        let whole = whole.trim();
        match list.last_mut() {
            Some(last) if whole.starts_with(['<', '>', '=', '!', '~']) => {
                last.push(',');
                last.push_str(whole);
            }
            _ if whole.is_empty() => {}
            _ => list.push(whole.to_owned()),
        }
    }
    Requirements {
        list,
        hashes_dropped: false,
    }
}

fn include(path: &Path, depth: usize, found: &mut Requirements) -> Result<(), Problem> {
    if depth > DEPTH_MAX {
        return Err(Problem::RequirementsLoop(path.to_owned()));
    }
    let bytes = read_at_most(path, path, BYTES_MAX)?;
    let text =
        String::from_utf8(bytes).map_err(|_| Problem::NotText(path.display().to_string()))?;
    for (line, text) in logical_lines(text.trim_start_matches('\u{feff}')) {
        let text = without_comment(&text);
        if text.is_empty() {
            continue;
        }
        if let Some(other) = included_file(text) {
            let folder = path.parent().unwrap_or(Path::new("."));
            include(&folder.join(other), depth + 1, found)?;
        } else if text.starts_with('-') {
            let option = text.split([' ', '=']).next().unwrap_or(text).to_owned();
            return Err(Problem::RequirementsLine {
                file: path.to_owned(),
                line,
                option,
            });
        } else {
            let (requirement, hashes) = match text.split_once(" --hash") {
                Some((requirement, _)) => (requirement.trim_end(), true),
                None => (text, false),
            };
            found.hashes_dropped |= hashes;
            found.list.push(requirement.to_owned());
        }
    }
    Ok(())
}

fn included_file(text: &str) -> Option<&str> {
    ["-r ", "--requirement ", "--requirement="]
        .iter()
        .find_map(|option| text.strip_prefix(option))
        .map(str::trim)
}

/// Lines with their numbers, joined where a backslash ends one.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let (body, goes_on) = match line.strip_suffix('\\') {
            Some(body) => (body, true),
            None => (line, false),
        };
        match lines.last_mut() {
            Some((_, last)) if open => last.push_str(body),
            _ => lines.push((index + 1, body.to_owned())),
        }
        open = goes_on;
    }
    lines
}

/// A comment begins at the line's start or after a blank: `pkg @ https://x/#egg` has none.
fn without_comment(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with('#') {
        return "";
    }
    line.split_once(" #")
        .map_or(line, |(before, _)| before.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_split_only_between_packages() {
        assert_eq!(
            from_list("aiogram>=3,<4, httpx[http2,socks]==0.27,, redis").list,
            ["aiogram>=3,<4", "httpx[http2,socks]==0.27", "redis"]
        );
        assert_eq!(from_list("").list, Vec::<String>::new());
    }

    #[test]
    fn a_file_is_read_as_pip_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("requirements.txt");
        std::fs::write(folder.path().join("base.txt"), "redis\n").unwrap();
        std::fs::write(
            &file,
            "# comment\naiogram==3.4 \\\n    --hash=sha256:00\n\n-r base.txt\nx @ https://h/x#egg  # why\n",
        )
        .unwrap();
        let found = from_file(&file).unwrap();
        assert_eq!(found.list, ["aiogram==3.4", "redis", "x @ https://h/x#egg"]);
        assert!(found.hashes_dropped);
    }

    #[test]
    fn options_and_loops_are_refused_with_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("r.txt");
        std::fs::write(&file, "aiogram\n--index-url https://user:pass@h\n").unwrap();
        assert!(matches!(
            from_file(&file),
            Err(Problem::RequirementsLine { line: 2, option, .. }) if option == "--index-url"
        ));
        std::fs::write(&file, "-r r.txt\n").unwrap();
        assert!(matches!(
            from_file(&file),
            Err(Problem::RequirementsLoop(_))
        ));
    }

    #[test]
    fn a_missing_file_is_not_taken_for_a_package() {
        let here = Path::new("/");
        assert!(given(here, OsStr::new("no/such.txt")).is_err());
        assert!(given(here, OsStr::new("nosuch.txt")).is_err());
        assert_eq!(given(here, OsStr::new("a,b")).unwrap().list, ["a", "b"]);
    }
}
