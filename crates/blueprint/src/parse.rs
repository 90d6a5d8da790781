//! From a file's text to a checked blueprint.

use crate::model::Parsed;
use crate::problem::{Notes, Refused};
use crate::source::{Source, Span};
use crate::{check, read, yaml};

/// Bytes of a blueprint file.
pub const FILE_BYTES_MAX: usize = 256 << 10;
/// The parsers of YAML and CEL recurse; what they may need for the deepest text the limits let
/// through is far below this.
const STACK_BYTES: usize = 32 << 20;

/// Reads and checks a blueprint file.
///
/// # Errors
/// Everything that is wrong with it, in the order of the file.
pub fn parse(source: &Source) -> Result<Parsed, Refused> {
    std::thread::scope(|scope| {
        let parsing = std::thread::Builder::new()
            .name("blueprint".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || parse_here(source));
        match parsing.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(refused(source, "the file can't be read: a parser gave up")),
            Err(error) => Err(refused(
                source,
                &format!("no thread to read it in: {error}"),
            )),
        }
    })
}

fn parse_here(source: &Source) -> Result<Parsed, Refused> {
    if source.text.len() > FILE_BYTES_MAX {
        return Err(refused(
            source,
            &format!("the file is longer than {} KiB", FILE_BYTES_MAX >> 10),
        ));
    }
    let mut notes = Notes::new(source);
    let parsed = yaml::read(&mut notes).and_then(|tree| {
        let read = read::file(&tree, &mut notes)?;
        check::states(&read, &mut notes);
        Some(read.parsed)
    });
    match parsed {
        Some(parsed) if notes.is_clean() => Ok(parsed),
        _ => Err(notes.into_refused()),
    }
}

fn refused(source: &Source, reason: &str) -> Refused {
    let mut notes = Notes::new(source);
    notes.add(Span::at(0), reason);
    notes.into_refused()
}

/// Whether a path looks like a blueprint file: `*.yaml` or `*.yml`, not hidden.
pub fn is_blueprint_file(path: &std::path::Path) -> bool {
    let name = path.file_name().and_then(std::ffi::OsStr::to_str);
    let ending = path.extension().and_then(std::ffi::OsStr::to_str);
    name.is_some_and(|name| !name.starts_with('.')) && matches!(ending, Some("yaml" | "yml"))
}
