//! What a look at the folder changed.

use std::path::PathBuf;

use crate::problem::Problem;

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Its blueprint is in use.
    Installed {
        /// The file.
        file: PathBuf,
        /// The blueprint's name.
        name: String,
        /// Its version.
        version: String,
        /// The version that was in use before.
        replaced: Option<String>,
    },
    /// It can't be used; what was in use before stays so.
    Refused {
        /// The file.
        file: PathBuf,
        /// All reasons.
        problems: Vec<Problem>,
        /// The version that stays in use.
        stays: Option<String>,
    },
    /// It is broken, and nothing of it is in use: what was kept of it is in use now.
    Recalled {
        /// The file.
        file: PathBuf,
        /// The blueprint's name.
        name: String,
        /// Its version.
        version: String,
    },
    /// It was refused before, and says again what is in use.
    Repaired {
        /// The file.
        file: PathBuf,
        /// The blueprint's name.
        name: String,
        /// Its version.
        version: String,
    },
    /// It has gone, or is about another blueprint now: there are no new jobs for this one.
    Removed {
        /// The file.
        file: PathBuf,
        /// The blueprint's name.
        name: String,
    },
    /// The folder can't be read; nothing was changed.
    Unreadable {
        /// The folder.
        folder: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Change {
    /// Writes it to the log.
    pub fn log(&self) {
        match self {
            Self::Installed {
                file,
                name,
                version,
                replaced,
            } => {
                let file = file.display();
                tracing::info!(%file, name, version, replaced, "blueprint loaded");
            }
            Self::Refused {
                file,
                problems,
                stays,
            } => {
                let file = file.display();
                for problem in problems {
                    let (line, column) = (problem.position.line, problem.position.column);
                    let (reason, hint) = (&problem.reason, &problem.hint);
                    tracing::error!(%file, line, column, reason, hint, stays, "blueprint file refused");
                }
            }
            Self::Recalled {
                file,
                name,
                version,
            } => {
                let file = file.display();
                tracing::warn!(%file, name, version, "blueprint loaded as its file was when it was good last");
            }
            Self::Repaired {
                file,
                name,
                version,
            } => {
                let file = file.display();
                tracing::info!(%file, name, version, "blueprint file is good again: it says what is in use");
            }
            Self::Removed { file, name } => {
                let file = file.display();
                tracing::info!(%file, name, "blueprint taken out: no new jobs for it");
            }
            Self::Unreadable { folder, reason } => {
                let folder = folder.display();
                tracing::error!(%folder, reason, "the blueprints' folder can't be read");
            }
        }
    }
}
