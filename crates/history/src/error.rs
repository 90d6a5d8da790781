//! What can go wrong with the history.

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

/// What calls into the history answer.
pub type Result<T> = std::result::Result<T, Error>;
