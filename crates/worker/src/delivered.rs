//! Telling a worker's author what became of results.

use avtomatika_protocol::worker::{ResultAnswer, ResultMessage};
use avtomatika_protocol::{JobId, TaskId};

/// A result the server has answered.
#[derive(Clone, Copy, Debug)]
pub struct Delivered<'a> {
    /// The job.
    pub job_id: JobId,
    /// The task.
    pub task_id: TaskId,
    /// The status that was reported.
    pub status: &'a str,
    /// Why it counts no more: the task had been given to somebody else, or its job has ended.
    /// `None`: it counts, and the server won't forget it.
    pub ignored: Option<&'a str>,
}

type Tell = dyn Fn(&Delivered<'_>) + Send + Sync;

/// Who is told.
pub(crate) struct Observer(pub(crate) Box<Tell>);

impl Observer {
    pub(crate) fn tell(&self, message: &ResultMessage, answer: &ResultAnswer) {
        (self.0)(&Delivered {
            job_id: message.job_id,
            task_id: message.task_id,
            status: message.result.status(),
            ignored: answer.reason.as_deref(),
        });
    }
}
