//! What is wrong with a configuration file.

use std::fmt;
use std::path::PathBuf;

/// One mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The table it is in; none for a mistake in the file's syntax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The key it is about; none for one about the whole table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What is wrong. Never holds a value of the file: it may be a token.
    pub text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        match (&self.table, &self.key) {
            (Some(table), Some(key)) => write!(f, ", [{table}] {key}")?,
            (Some(table), None) => write!(f, ", [{table}]")?,
            (None, _) => {}
        }
        write!(f, ": {}", self.text)
    }
}

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It could not be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It has mistakes; all of them.
    #[error("{} has {}", path.display(), list(mistakes))]
    Mistakes {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        mistakes: Vec<Mistake>,
    },
}

/// Why files were not taken: everything that is wrong with them.
#[derive(Debug, thiserror::Error)]
#[error("{}", joined(.0))]
pub struct LoadErrors(pub Vec<LoadError>);

/// What a file says and what deserves a word in the log, or everything that is wrong with it.
pub(super) type Checked<T> = Result<(T, Vec<String>), Vec<Mistake>>;

fn joined(errors: &[LoadError]) -> String {
    let texts = errors.iter().map(|error| match error {
        LoadError::Read { source, .. } => format!("{error}: {source}"),
        LoadError::Mistakes { .. } => error.to_string(),
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn list(mistakes: &[Mistake]) -> String {
    let mut text = match mistakes.len() {
        1 => "a mistake".to_owned(),
        many => format!("{many} mistakes"),
    };
    for mistake in mistakes {
        text.push_str(&format!("\n  {mistake}"));
    }
    text
}
