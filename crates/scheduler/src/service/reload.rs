//! The file, read again when it changes.

use std::path::{Path, PathBuf};

use avtomatika_engine::names;
use jiff::tz::TimeZone;

use super::book::Book;
use crate::file::{Look, Problem, Watch, parse};

/// The file, read again when it changes.
pub(super) struct Reload {
    /// Away while a look is under way.
    watch: Option<Watch>,
    path: PathBuf,
    zone: TimeZone,
}

impl Reload {
    pub(super) fn new(watch: Watch, zone: TimeZone) -> Self {
        Self {
            path: watch.path().to_path_buf(),
            watch: Some(watch),
            zone,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Looks at the file. Answers whether there are new schedules; what is wrong keeps the old.
    pub(super) async fn look(&mut self, book: &Book) -> bool {
        // Lost only if a look panicked; then the file is seen as changed, and read again.
        let mut watch = self
            .watch
            .take()
            .unwrap_or_else(|| Watch::new(self.path.clone()));
        let zone = self.zone.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let found = match watch.look() {
                Look::Same => None,
                Look::Changed(text) => Some(parse(&text, &zone).map_err(|problems| problems.0)),
                Look::Unreadable(reason) => Some(Err(vec![Problem {
                    line: None,
                    table: String::new(),
                    key: String::new(),
                    message: reason,
                }])),
            };
            (watch, found)
        });
        let (watch, found) = match looked.await {
            Ok(looked) => looked,
            Err(error) => {
                tracing::error!(%error, "a look at the schedules failed");
                return false;
            }
        };
        self.watch = Some(watch);
        match found {
            None => false,
            Some(Ok(schedules)) => {
                tracing::info!(schedules = schedules.len(), "the schedules have changed");
                book.replace(schedules);
                true
            }
            Some(Err(problems)) => {
                let path = self.path.display();
                for problem in &problems {
                    tracing::error!("{path}: {problem}; the old schedules stay");
                }
                metrics::counter!(names::SCHEDULE_ERRORS, "kind" => "file").increment(1);
                book.complain(problems);
                false
            }
        }
    }
}
