//! What can go wrong with the history.

use std::io::ErrorKind;

use sqlx::migrate::MigrateError;

/// SQLite's result codes BUSY, LOCKED, READONLY, IOERR and FULL; <https://sqlite.org/rescode.html>.
const PASSING: [u32; 5] = [5, 6, 8, 10, 13];

/// Why the history could not be opened, written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL names neither of the two databases.
    #[error("'{url}' names no history: {why}")]
    InvalidUrl {
        /// The URL, without its password.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The file can't be made.
    #[error("failed to make {path}")]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The tables can't be made or are not ours to use.
    #[error("failed to bring the history's tables up to date: {0}")]
    Schema(#[source] sqlx::migrate::MigrateError),
    /// The cursor of a page is none of ours or belongs to another list.
    #[error("the cursor is not one of this list")]
    InvalidCursor,
    /// The database did not do as it was told: away, full, or broken. Another try may succeed.
    #[error("the history's database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A row holds what nobody of ours writes.
    #[error("the history holds a broken row: {0}")]
    BrokenRow(String),
}

impl Error {
    /// Whether it is for the operator to make room, or to bring the database back, and the same
    /// will do then: a server that is away, a disk that is full or fails. Not so what stays wrong
    /// until the history is another one.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::File { source, .. } => matches!(
                source.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem
            ),
            Self::Schema(
                MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _),
            ) => is_sqlite_failing(error),
            Self::Database(_) => true,
            Self::Schema(_)
            | Self::InvalidUrl { .. }
            | Self::InvalidCursor
            | Self::BrokenRow(_) => false,
        }
    }
}

/// Whether SQLite is kept from its work by what is around the file.
fn is_sqlite_failing(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    let Some(error) = error.try_downcast_ref::<sqlx::sqlite::SqliteError>() else {
        return false;
    };
    let code = sqlx::error::DatabaseError::code(error);
    let code = code.and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| PASSING.contains(&(code & 0xff)))
}

/// What calls into the history answer.
pub type Result<T> = std::result::Result<T, Error>;
