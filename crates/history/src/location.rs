//! Where the history is kept, as a URL says it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::error::Error;

/// A place for the history.
#[derive(Clone)]
pub enum Location {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Box<PgConnectOptions>),
}

impl Location {
    /// The file at this path.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::Sqlite(path.as_ref().to_path_buf())
    }
}

impl FromStr for Location {
    type Err = Error;

    /// Reads `sqlite:history.db` (relative), `sqlite:///var/lib/history.db` (absolute), or
    /// `postgres://user@host/database` (also `postgresql:`), with the parameters libpq knows.
    fn from_str(url: &str) -> Result<Self, Error> {
        let invalid = |why: &str| Error::InvalidUrl {
            url: without_password(url),
            why: why.to_owned(),
        };
        match url.split_once(':') {
            Some(("sqlite", rest)) => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() || path == ":memory:" || path.contains('?') {
                    return Err(invalid("write sqlite:FILE or sqlite:///ABSOLUTE/FILE"));
                }
                Ok(Self::file(path))
            }
            Some(("postgres" | "postgresql", _)) => PgConnectOptions::from_str(url)
                .map(|options| Self::Postgres(Box::new(options)))
                .map_err(|error| invalid(&error.to_string())),
            _ => Err(invalid("it begins with neither sqlite: nor postgres:")),
        }
    }
}

/// Never with a password.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(options) => write!(
                f,
                "postgres://{}:{}/{}",
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap_or_default()
            ),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The URL with `***` for what stands between the user's name and the host, and for a password
/// among the parameters.
fn without_password(url: &str) -> String {
    let (url, parameters) = url.split_once('?').unwrap_or((url, ""));
    let shown = match url.split_once("//").zip(url.rfind('@')) {
        Some(((scheme, rest), at)) => {
            let user = rest.split([':', '@']).next().unwrap_or_default();
            let host = url.get(at..).unwrap_or_default();
            format!("{scheme}//{user}:***{host}")
        }
        None => url.to_owned(),
    };
    if parameters.is_empty() {
        shown
    } else {
        format!("{shown}?***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> String {
        match url.parse::<Location>() {
            Ok(location) => location.to_string(),
            Err(error) => format!("refused: {error}"),
        }
    }

    #[test]
    fn both_forms_of_a_file_are_read() {
        assert_eq!(read("sqlite:x.db"), "sqlite:x.db");
        assert_eq!(read("sqlite:///abs/x.db"), "sqlite:/abs/x.db");
        assert_eq!(read("sqlite:/abs/x.db"), "sqlite:/abs/x.db");
        assert_eq!(read("sqlite://x.db"), "sqlite:x.db");
        for bad in [
            "sqlite:",
            "sqlite::memory:",
            "sqlite:x.db?mode=ro",
            "x.db",
            "mysql://h/d",
        ] {
            assert!(read(bad).starts_with("refused"), "{bad}");
        }
    }

    #[test]
    fn servers_are_read_and_shown_without_their_password() {
        assert_eq!(
            read("postgres://me:secret@db:5433/jobs"),
            "postgres://db:5433/jobs"
        );
        assert_eq!(read("postgresql://db/jobs"), "postgres://db:5432/jobs");
        let refused = read("mysql://me:secret@db/jobs?password=secret");
        assert!(!refused.contains("secret"), "{refused}");
        assert!(refused.contains("me:***@db/jobs?***"), "{refused}");
        let refused = read("postgres://me:se/cret@db:port/jobs");
        assert!(!refused.contains("cret"), "{refused}");
    }
}
