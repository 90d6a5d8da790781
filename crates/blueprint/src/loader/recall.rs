//! What was kept of files that can't be used.

use std::path::Path;
use std::sync::Arc;

use super::{Change, Loader, State, clashes};
use crate::model::Parsed;
use crate::parse;
use crate::source::Source;

impl Loader {
    /// Puts in what was kept of files that can't be used and have nothing in use, as after a start:
    /// broken ones, and those with another text for an old version. What stands in a good file
    /// goes first.
    pub(super) async fn recall(&self, state: &mut State, changes: &mut Vec<Change>) {
        let broken = state.files.iter().filter(|(_, file)| {
            let is_useless = file.says.is_err() || file.was_refused;
            is_useless && file.installed.is_none() && !file.was_recalled
        });
        let broken: Vec<_> = broken.map(|(path, _)| path.clone()).collect();
        for path in broken {
            let mut found = self.find(&path).await;
            if let Some(kept) = found.take_if(|kept| is_taken(state, &path, kept)) {
                tracing::warn!(
                    file = %path.display(),
                    name = kept.name,
                    "another file has what the blueprint of the broken file had"
                );
            }
            let Some(file) = state.files.get_mut(&path) else {
                continue;
            };
            file.was_recalled = true;
            let Some(kept) = found else {
                continue;
            };
            if let Err(problem) = self.install(&kept, None).await {
                tracing::warn!(file = %path.display(), %problem, "what was kept of the file can't be used");
                continue;
            }
            changes.push(Change::Recalled {
                file: path,
                name: kept.name.clone(),
                version: kept.version.clone(),
            });
            file.installed = Some(Arc::new(kept));
        }
    }

    async fn find(&self, path: &Path) -> Option<Parsed> {
        let text = match self.target.kept(&key(path)).await {
            Ok(text) => text?,
            Err(reason) => {
                let file = path.display();
                tracing::warn!(%file, reason, "what was kept of the file can't be read");
                return None;
            }
        };
        let source = Source::new(path.display().to_string(), text);
        let parsed = tokio::task::spawn_blocking(move || parse(&source)).await;
        parsed.ok()?.ok()
    }

    /// Keeps what a file says now; `None` when it has gone.
    pub(super) async fn keep(&self, path: &Path, text: Option<&str>) {
        if let Err(reason) = self.target.keep(&key(path), text).await {
            let file = path.display();
            tracing::warn!(%file, reason, "the file's text can't be kept for later starts");
        }
    }
}

/// A file by its name: the folder may be elsewhere at the next start.
fn key(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Whether a name or an endpoint is that of another file by now.
fn is_taken(state: &State, own: &Path, kept: &Parsed) -> bool {
    let others = state.files.iter().filter(|(path, _)| *path != own);
    others
        .flat_map(|(_, file)| file.says.iter().chain(&file.installed))
        .map(Arc::as_ref)
        .any(|other| !clashes(&[other, kept]).is_empty())
}
