//! What can be asked of a scheduler: the only way in. Cheap to clone.

use std::sync::Arc;

use avtomatika_protocol::{ClientId, JobId};

use super::book::Book;
use super::post::post;
use super::view::{FileView, View};
use crate::port::PortError;
use crate::record::{How, Last, Paused, Record, Run};
use crate::schedule::Schedule;

/// Tries to write a record that keeps changing.
const TRIES_MAX: u32 = 16;

/// Why a scheduler did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such schedule, or it is not for whoever asks.
    #[error("no schedule named '{0}'")]
    NotFound(String),
    /// The engine would not.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// What can be asked of a scheduler.
#[derive(Clone)]
pub struct Handle {
    book: Arc<Book>,
}

/// Whose schedules somebody may see and touch; `None`: everybody's.
type Scope<'a> = Option<&'a ClientId>;

impl Handle {
    pub(super) fn new(book: Arc<Book>) -> Self {
        Self { book }
    }

    /// The file the schedules are from.
    pub fn file(&self) -> FileView {
        self.book.file()
    }

    /// The schedules whose jobs this client owns, or all, by name.
    ///
    /// # Errors
    /// When a record or a job can't be read.
    pub async fn list(&self, scope: Scope<'_>) -> Result<Vec<View>, Error> {
        let mut views = Vec::new();
        for schedule in self.book.set().values() {
            if scope.is_none_or(|client| *client == schedule.client) {
                views.push(self.view(schedule).await?);
            }
        }
        Ok(views)
    }

    /// One schedule.
    ///
    /// # Errors
    /// [`Error::NotFound`], or when its record or job can't be read.
    pub async fn get(&self, scope: Scope<'_>, name: &str) -> Result<View, Error> {
        let schedule = self.find(scope, name)?;
        self.view(&schedule).await
    }

    /// Runs a schedule now, whatever its rule and policies say, paused or not. The same `key`
    /// makes the same job.
    ///
    /// # Errors
    /// [`Error::NotFound`], or why the job can't be posted.
    pub async fn run(
        &self,
        scope: Scope<'_>,
        name: &str,
        key: Option<&str>,
    ) -> Result<JobId, Error> {
        let schedule = self.find(scope, name)?;
        let now_ms = self.book.now_ms();
        let run = Run {
            at_ms: now_ms,
            how: How::Manual,
        };
        let key = key.map_or_else(|| now_ms.to_string(), str::to_owned);
        let posted = post(&self.book, &schedule, run, &format!("manual:{key}")).await?;
        let last = Last {
            at_ms: now_ms,
            fired_at_ms: now_ms,
            job: posted.job,
            how: How::Manual,
        };
        self.change(name, |record| {
            if !record.jobs.contains(&posted.job) {
                record.ran(last);
            }
        })
        .await?;
        Ok(posted.job)
    }

    /// Has a schedule run no more, until it is resumed. A run that waits is dropped; jobs that
    /// run go on.
    ///
    /// # Errors
    /// [`Error::NotFound`], or when its record can't be written.
    pub async fn pause(&self, scope: Scope<'_>, name: &str, by: &str) -> Result<View, Error> {
        let schedule = self.find(scope, name)?;
        let at_ms = self.book.now_ms();
        self.change(name, |record| {
            record.waiting_ms = None;
            record.paused.get_or_insert_with(|| Paused {
                at_ms,
                by: by.to_owned(),
            });
        })
        .await?;
        self.view(&schedule).await
    }

    /// Has a paused schedule run again, from now on: what came in between is not made up for. One
    /// that ran ahead with a clock that was wrong is brought back to now, too.
    ///
    /// # Errors
    /// [`Error::NotFound`], or when its record can't be written.
    pub async fn resume(&self, scope: Scope<'_>, name: &str) -> Result<View, Error> {
        let schedule = self.find(scope, name)?;
        let now_ms = self.book.now_ms();
        self.change(name, |record| {
            if record.paused.take().is_some() || record.settled_ms > now_ms {
                record.settled_ms = now_ms;
            }
        })
        .await?;
        self.view(&schedule).await
    }

    fn find(&self, scope: Scope<'_>, name: &str) -> Result<Arc<Schedule>, Error> {
        let set = self.book.set();
        let found = set
            .get(name)
            .filter(|schedule| scope.is_none_or(|client| *client == schedule.client));
        found
            .cloned()
            .ok_or_else(|| Error::NotFound(name.to_owned()))
    }

    async fn view(&self, schedule: &Schedule) -> Result<View, Error> {
        let (_, record) = self.book.read(&schedule.name).await?;
        let status = match record.last {
            Some(last) => self.book.port.status(&schedule.client, last.job).await?,
            None => None,
        };
        Ok(View::of(schedule, &record, status, self.book.now_ms()))
    }

    /// Changes a record, however often it changes in the meantime.
    async fn change(&self, name: &str, change: impl Fn(&mut Record)) -> Result<(), Error> {
        for _ in 0..TRIES_MAX {
            let (version, mut record) = self.book.read(name).await?;
            let before = record.clone();
            change(&mut record);
            if record == before {
                return Ok(());
            }
            match self.book.write(name, version, &record).await {
                Err(PortError::Conflict) => {}
                written => {
                    self.book.changed.notify_one();
                    return Ok(written?);
                }
            }
        }
        Err(PortError::Conflict.into())
    }
}
