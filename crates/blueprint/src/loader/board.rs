//! How the files stand, for whoever asks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use avtomatika_engine::names;
use serde::Serialize;

use super::seen::File;
use crate::problem::Problem;

/// How one file stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The file.
    pub file: String,
    /// The blueprint of it that is in use; none if it was never good.
    pub name: Option<String>,
    /// That blueprint's version.
    pub version: Option<String>,
    /// Why it is refused as it is now; empty when it is good.
    pub problems: Vec<Problem>,
}

/// How all files of a folder stand, in the order of their names. Clones show the same.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<RwLock<Vec<Standing>>>);

impl Board {
    /// How the files stood at the last look.
    pub fn files(&self) -> Vec<Standing> {
        let files = self.0.read().unwrap_or_else(PoisonError::into_inner);
        files.clone()
    }

    /// Replaces what is shown.
    pub(super) fn show(&self, files: &BTreeMap<PathBuf, File>) {
        let now: Vec<Standing> = files
            .iter()
            .map(|(path, file)| Standing {
                file: path.display().to_string(),
                name: file.installed.as_ref().map(|parsed| parsed.name.clone()),
                version: file.installed.as_ref().map(|parsed| parsed.version.clone()),
                problems: file.told.clone(),
            })
            .collect();
        let refused = now.iter().filter(|file| !file.problems.is_empty()).count();
        #[expect(clippy::cast_precision_loss, reason = "a folder's files are few")]
        metrics::gauge!(names::BLUEPRINT_FILES_REFUSED).set(refused as f64);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = now;
    }
}
