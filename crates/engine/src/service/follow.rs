//! Following a job: each change of what it looks like, or several of them at once.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use avtomatika_protocol::job::JobView;
use avtomatika_protocol::{ClientId, JobId};

use super::engine::{Engine, Inner};
use super::error::EngineError;
use crate::machine::Job;
use crate::storage::StoreError;

/// How far somebody has followed a job. Two looks at a job with the same mark saw the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    version: u64,
    /// Which hand-out of its task a worker has; 0: none.
    attempt: u32,
    /// How often a worker has told of it.
    said: u64,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.version, self.attempt, self.said)
    }
}

impl FromStr for Mark {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.');
        let mut next = || parts.next().and_then(|part| part.parse::<u64>().ok());
        let (Some(version), Some(attempt), Some(said)) = (next(), next(), next()) else {
            return Err(());
        };
        Ok(Self {
            version,
            attempt: u32::try_from(attempt).map_err(|_| ())?,
            said,
        })
    }
}

impl Engine {
    /// Waits until a job of this client, or without one any, looks otherwise than at `after`, or
    /// has ended. Answers `None` when it did not in time, or the engine stops.
    ///
    /// # Errors
    /// [`EngineError::JobNotFound`] for a job that isn't there or isn't this client's.
    pub async fn follow(
        &self,
        client: Option<&ClientId>,
        id: JobId,
        after: Option<Mark>,
        wait: Duration,
    ) -> Result<Option<(JobView, Mark)>, EngineError> {
        let inner = &self.0;
        let watch = inner.watchers.watch(id);
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let changed = watch.changed();
            let job = self.owned(client, id).await?;
            let mark = inner.mark(&job).await?;
            if job.status.is_terminal() || after != Some(mark) {
                return Ok(Some((inner.view(&job).await?, mark)));
            }
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(deadline) => return Ok(None),
                () = inner.draining.cancelled() => return Ok(None),
            }
        }
    }
}

impl Inner {
    async fn mark(&self, job: &Job) -> Result<Mark, StoreError> {
        let entry = match &job.work {
            Some(work) => self.store.queue_entry(work.task).await?,
            None => None,
        };
        Ok(Mark {
            version: job.version,
            attempt: entry
                .filter(|entry| entry.lease.is_some())
                .map_or(0, |entry| entry.attempt),
            said: self
                .progress
                .get(job.id)
                .map_or(0, |progress| progress.said),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let mark = Mark {
            version: 12,
            attempt: 1,
            said: 7,
        };
        assert_eq!(mark.to_string().parse(), Ok(mark));
        for bad in ["", "12", "1.2", "a.b.c", "1.99999999999.0"] {
            assert!(bad.parse::<Mark>().is_err(), "{bad}");
        }
    }
}
