//! The wait itself: long polls until the job has ended or the time is up.

use std::time::Duration;

use avtomatika_protocol::job::JobView;
use avtomatika_protocol::{Failure, JobId, JobStatus};
use tokio::time::Instant;

use super::Tracker;
use crate::client::Client;
use crate::error::{Ended, Error};
use crate::screen::Progress;
use crate::text::Text;

/// How long one poll may be parked while nothing moves; the contract's own figure.
const POLL_LONG: Duration = Duration::from_secs(20);
/// How long nothing must move before the reason is shown.
const POLL_SHORT: Duration = Duration::from_secs(2);
/// How long a lost connection is tried again: a server restarts within that.
const OUTAGE_MAX: Duration = Duration::from_secs(30);
/// The pause between two tries, and between two polls that a server answers without waiting.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits for jobs.
pub struct Waiter<'a> {
    /// Speaks with the server.
    pub client: &'a Client,
    /// Shows how it is getting on.
    pub progress: &'a mut dyn Progress,
    /// The words.
    pub text: Text,
    /// How long to wait.
    pub timeout: Duration,
}

impl Waiter<'_> {
    /// Waits until the job has ended, however it did.
    ///
    /// # Errors
    /// [`Error::Timeout`], or what the server or the network said.
    pub async fn wait(&mut self, job: JobId) -> Result<JobView, Error> {
        let deadline = Instant::now() + self.timeout;
        self.progress.begin();
        let timeout = Error::Timeout {
            job: Some(job),
            after: self.timeout,
        };
        match tokio::time::timeout_at(deadline, self.poll(job, deadline)).await {
            Ok(ended) => ended,
            Err(_) => Err(timeout),
        }
    }

    async fn poll(&mut self, job: JobId, deadline: Instant) -> Result<JobView, Error> {
        let mut tracker = Tracker::default();
        let mut park = POLL_SHORT;
        let mut lost_since: Option<Instant> = None;
        loop {
            let asked = Instant::now();
            let view = match self.client.job(job, Some(park.min(deadline - asked))).await {
                Ok(view) => view,
                Err(error @ Error::CannotConnect { .. }) => {
                    // The job is durable and the question harmless: a restart of the server is
                    // no reason to give up.
                    if lost_since.is_none() {
                        self.progress.say(self.text.connection_lost());
                    }
                    if lost_since.get_or_insert(asked).elapsed() > OUTAGE_MAX {
                        return Err(error);
                    }
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if lost_since.take().is_some() {
                self.progress.say(self.text.connection_back());
            }
            for step in tracker.look(&view) {
                self.progress.step(&step);
            }
            if view.status.is_terminal() {
                return Ok(view);
            }
            // A poll parked to its end means that nothing has moved meanwhile.
            let moved = tracker.has_moved(&view);
            if asked.elapsed() >= park {
                if let Some(waiting) = &view.waiting {
                    self.progress.waiting(waiting.reason);
                }
                park = POLL_LONG;
            } else if moved {
                park = POLL_SHORT;
            } else {
                // A server of the seed era answers without parking.
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// The data of a job that completed.
///
/// # Errors
/// [`Error::Failed`] for every other end.
pub fn outcome(view: JobView) -> Result<JobView, Error> {
    let ended = match view.status {
        JobStatus::Completed => return Ok(view),
        JobStatus::Quarantined => Ended::Quarantined,
        JobStatus::Cancelled => Ended::Cancelled,
        _ => Ended::Failed,
    };
    let failure = view.error.unwrap_or_else(|| Failure {
        message: view.error_message.unwrap_or_default(),
        ..Failure::default()
    });
    Err(Error::Failed {
        job: view.id,
        ended,
        failure: Box::new(failure),
    })
}
