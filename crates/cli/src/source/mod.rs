//! What a bot consists of: files, requirements, variables, and which file to run.

mod bundle;
mod collect;
mod environment;
mod ignore;
mod requirements;
mod script;

pub use bundle::{Bundle, Note, bundle};
pub use environment::variables;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::text::Problem;

/// Most files a bot may consist of.
pub const FILES_MAX: usize = 1000;
/// Most bytes a bot's files may have together.
pub const BYTES_MAX: u64 = 10 * 1024 * 1024;

/// Reads a file of at most `bytes_max`. A device never ends and tells no size, so it is the
/// reading that is bounded.
fn read_at_most(path: &Path, shown: &Path, bytes_max: u64) -> Result<Vec<u8>, Problem> {
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| {
            file.take(bytes_max.saturating_add(1))
                .read_to_end(&mut content)
        })
        .map_err(|error| unreadable(shown, &error))?;
    if content.len() as u64 > bytes_max {
        return Err(Problem::TooManyBytes {
            max_bytes: BYTES_MAX,
        });
    }
    Ok(content)
}

/// Turns an error of reading a file into an objection.
fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::FileUnreadable {
        file: path.to_owned(),
        why: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_an_end_is_given_up_at_the_limit() {
        let endless = Path::new("/dev/zero");
        let max_bytes = BYTES_MAX;
        assert_eq!(
            read_at_most(endless, endless, 1 << 20),
            Err(Problem::TooManyBytes { max_bytes })
        );
        let empty = Path::new("/dev/null");
        assert_eq!(read_at_most(empty, empty, 0), Ok(Vec::new()));
    }
}
