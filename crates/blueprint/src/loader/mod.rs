//! A folder of blueprint files, kept in step with an engine.
//!
//! The folder is looked at once a second; no notices of the file system are needed, so it works
//! on any mount. A file that can't be used is refused with its reasons, and what it said before
//! stays in use. When a file goes, its blueprint takes no new jobs; those that have begun go on.

mod board;
mod change;
mod claims;
mod folder;
mod recall;
mod seen;
mod target;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::compile;
use crate::model::Parsed;
use crate::problem::Problem;
pub use board::{Board, Standing};
pub use change::Change;
pub use claims::clashes;
use folder::Stamp;
use seen::{File, Seen, look, problem};
pub use target::Target;

/// How often the folder is looked at.
pub const INTERVAL: Duration = Duration::from_secs(1);

/// Keeps an engine in step with a folder.
pub struct Loader {
    folder: PathBuf,
    target: Arc<dyn Target>,
    state: Mutex<State>,
    board: Board,
}

#[derive(Default)]
struct State {
    files: BTreeMap<PathBuf, File>,
    /// Why the folder could not be read, when that was told last.
    unreadable: Option<String>,
}

impl Loader {
    /// A loader that has not looked at its folder yet.
    pub fn new(folder: impl Into<PathBuf>, target: Arc<dyn Target>) -> Self {
        Self {
            folder: folder.into(),
            target,
            state: Mutex::new(State::default()),
            board: Board::default(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How the files stand, now and whenever it is asked.
    pub fn board(&self) -> Board {
        self.board.clone()
    }

    /// Looks at the folder again and again until `shutdown`, and writes what changes to the log.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
            }
            for change in self.check_once().await {
                change.log();
            }
        }
    }

    /// Looks at the folder once and brings the engine in step. Tells what has changed.
    pub async fn check_once(&self) -> Vec<Change> {
        let mut state = self.state.lock().await;
        let mut changes = Vec::new();
        let known = state
            .files
            .iter()
            .map(|(path, file)| (path.clone(), file.stamp.clone()));
        let known: BTreeMap<PathBuf, Stamp> = known.collect();
        let folder = self.folder.clone();
        // Reading and parsing take their time; other tasks of this thread must not wait for it.
        let looked = tokio::task::spawn_blocking(move || look(&folder, &known)).await;
        let seen = match looked {
            Ok(Ok(seen)) => seen,
            Ok(Err(error)) => {
                unreadable(&mut state, &self.folder, error.to_string(), &mut changes);
                return changes;
            }
            Err(error) => {
                unreadable(&mut state, &self.folder, error.to_string(), &mut changes);
                return changes;
            }
        };
        state.unreadable = None;
        self.take_out(&mut state, &seen, &mut changes).await;
        for (path, seen) in seen {
            match seen {
                Seen::Same => {}
                Seen::Touched(stamp) => {
                    if let Some(file) = state.files.get_mut(&path) {
                        file.stamp = stamp;
                    }
                }
                Seen::Changed(stamp, says) => {
                    let before = state.files.remove(&path);
                    let was_refused = before.as_ref().is_some_and(|file| file.was_refused);
                    let file = File {
                        stamp,
                        says,
                        installed: before.and_then(|file| file.installed),
                        told: Vec::new(),
                        was_refused,
                        was_recalled: false,
                    };
                    state.files.insert(path, file);
                }
            }
        }
        self.recall(&mut state, &mut changes).await;
        self.put_in(&mut state, &mut changes).await;
        // The engine may have refused what was good by itself.
        self.recall(&mut state, &mut changes).await;
        self.board.show(&state.files);
        changes
    }

    /// Takes out the blueprints of files that have gone.
    async fn take_out(
        &self,
        state: &mut State,
        seen: &BTreeMap<PathBuf, Seen>,
        changes: &mut Vec<Change>,
    ) {
        let gone: Vec<PathBuf> = state
            .files
            .keys()
            .filter(|path| !seen.contains_key(*path))
            .cloned()
            .collect();
        for path in gone {
            let file = state.files.remove(&path);
            self.keep(&path, None).await;
            if let Some(installed) = file.and_then(|file| file.installed) {
                self.target.remove(&installed.name);
                changes.push(Change::Removed {
                    file: path,
                    name: installed.name.clone(),
                });
            }
        }
    }

    /// Puts in what files say, as far as they don't get in each other's way. What must make room
    /// goes first, so that two files may swap their names or endpoints.
    async fn put_in(&self, state: &mut State, changes: &mut Vec<Change>) {
        let conflicts = claims::conflicts(&state.files);
        for (path, file) in &mut state.files {
            let problems = match (&file.says, conflicts.get(path)) {
                (Ok(_), None) => {
                    if !file.moves() {
                        file.stays(path, changes);
                    }
                    continue;
                }
                (Ok(_), Some(problem)) => vec![problem.clone()],
                (Err(problems), _) => problems.clone(),
            };
            file.refuse(path, problems, changes);
        }
        let moving: Vec<PathBuf> = state
            .files
            .iter()
            .filter(|(path, file)| file.moves() && !conflicts.contains_key(*path))
            .map(|(path, _)| path.clone())
            .collect();
        let mut aside = Vec::new();
        for path in &moving {
            let Some(file) = state.files.get(path) else {
                continue;
            };
            if let (Ok(says), Some(old)) = (&file.says, &file.installed)
                && !claims::same(says, old)
            {
                self.target.remove(&old.name);
                aside.push(path.clone());
                if says.name != old.name {
                    changes.push(Change::Removed {
                        file: path.clone(),
                        name: old.name.clone(),
                    });
                }
            }
        }
        for path in &moving {
            if let Some(file) = state.files.get_mut(path) {
                let made_room = aside.contains(path);
                self.replace(path, file, made_room, changes).await;
            }
        }
    }

    /// Puts in what a file says in place of what is in use of it.
    async fn replace(
        &self,
        path: &Path,
        file: &mut File,
        made_room: bool,
        changes: &mut Vec<Change>,
    ) {
        let Ok(says) = file.says.clone() else {
            return;
        };
        let old = file.installed.clone();
        if let Err(problem) = self.install(&says, old.as_deref()).await {
            if let (true, Some(old)) = (made_room, &old)
                && let Err(problem) = self.install(old, None).await
            {
                tracing::error!(%problem, "the blueprint in use could not be put back");
                file.installed = None;
            }
            file.refuse(path, vec![problem], changes);
            return;
        }
        changes.push(Change::Installed {
            file: path.to_owned(),
            name: says.name.clone(),
            version: says.version.clone(),
            replaced: old
                .filter(|old| old.name == says.name)
                .map(|old| old.version.clone()),
        });
        self.keep(path, Some(&says.source.text)).await;
        file.installed = Some(says);
        file.told.clear();
        file.was_refused = false;
    }

    async fn install(&self, says: &Parsed, old: Option<&Parsed>) -> Result<(), Problem> {
        if old.is_some_and(|old| old.name == says.name && old.version == says.version) {
            return Err(problem(
                &says.source,
                says.name_span.start,
                format!(
                    "version '{}' of '{}' is in use with another text",
                    says.version, says.name
                ),
                "count the version up, or leave it out: then it is made from the text",
            ));
        }
        let refused = |reason: String| {
            let hint = "it was good by itself: what is in its way is elsewhere";
            problem(&says.source, says.name_span.start, reason, hint)
        };
        let blueprint = compile(says).map_err(|error| refused(error.to_string()))?;
        self.target.install(blueprint).await.map_err(refused)
    }
}

fn unreadable(state: &mut State, folder: &Path, reason: String, changes: &mut Vec<Change>) {
    if state.unreadable.as_ref() != Some(&reason) {
        state.unreadable = Some(reason.clone());
        changes.push(Change::Unreadable {
            folder: folder.to_owned(),
            reason,
        });
    }
}
