//! What a scheduler is built from.

use std::path::PathBuf;
use std::sync::Arc;

use avtomatika_engine::clock::{Clock, SystemClock};
use jiff::tz::TimeZone;

use super::book::Book;
use super::handle::Handle;
use super::reload::Reload;
use super::scheduler::Scheduler;
use crate::file::{Look, Problems, Watch, parse};
use crate::port::Port;
use crate::schedule::Schedule;

/// Where schedules come from.
pub enum Source {
    /// A file, read again when it changes.
    File(PathBuf),
    /// These.
    These(Vec<Schedule>),
}

/// What a scheduler is built from.
pub struct Options {
    /// The engine jobs are posted to.
    pub port: Arc<dyn Port>,
    /// Where schedules come from.
    pub source: Source,
    /// The zone of schedules that name none.
    pub zone: TimeZone,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
}

/// Why the schedules could not be read at the start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file can't be read.
    #[error("{0}")]
    Unreadable(String),
    /// The file is wrong.
    #[error("{path} is wrong:\n{problems}", path = .path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problems: Problems,
    },
}

impl Options {
    /// The options with the machine's clock and UTC.
    pub fn new(port: Arc<dyn Port>, source: Source) -> Self {
        Self {
            port,
            source,
            zone: TimeZone::UTC,
            clock: Arc::new(SystemClock),
        }
    }

    /// Reads the schedules and puts the scheduler together. Nothing runs until
    /// [`Scheduler::run`] is called.
    ///
    /// # Errors
    /// When the file can't be read or is wrong: later that keeps the old schedules, but now there
    /// are none.
    pub fn build(self) -> Result<(Scheduler, Handle), OpenError> {
        let (schedules, reload) = match self.source {
            Source::These(schedules) => (schedules, None),
            Source::File(path) => {
                let mut watch = Watch::new(&path);
                let text = match watch.look() {
                    Look::Changed(text) => text,
                    Look::Unreadable(reason) => return Err(OpenError::Unreadable(reason)),
                    Look::Same => String::new(),
                };
                let schedules = parse(&text, &self.zone)
                    .map_err(|problems| OpenError::Wrong { path, problems })?;
                (schedules, Some(Reload::new(watch, self.zone)))
            }
        };
        let path = reload.as_ref().map(|reload| reload.path().to_path_buf());
        let book = Arc::new(Book::new(self.port, self.clock, schedules, path));
        let handle = Handle::new(Arc::clone(&book));
        Ok((Scheduler::new(book, reload), handle))
    }
}
