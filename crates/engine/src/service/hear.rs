//! Words of workers that don't name the task they are about.

use avtomatika_protocol::worker::WorkerEvent;
use avtomatika_protocol::{JobId, TaskId, WorkerId};
use serde_json::{Map, Value};

use super::engine::Engine;
use super::error::EngineError;
use crate::machine::{Job, Runs, Wait};

impl Engine {
    /// Notes how a task gets on; without its name, the one of this job the worker has.
    ///
    /// # Errors
    /// [`EngineError::JobNotFound`] when the worker has no such task.
    pub async fn hear(
        &self,
        worker: &WorkerId,
        job: JobId,
        task: Option<TaskId>,
        payload: Map<String, Value>,
    ) -> Result<(), EngineError> {
        let task = match task {
            Some(task) => task,
            None => self.task_of(worker, job).await?,
        };
        self.progress(WorkerEvent {
            event_type: "progress".to_owned(),
            worker_id: worker.clone(),
            target_job_id: job,
            target_task_id: task,
            payload,
        })
        .await
    }

    /// The task of a job that this worker has.
    async fn task_of(&self, worker: &WorkerId, id: JobId) -> Result<TaskId, EngineError> {
        let store = &self.0.store;
        let job = store.job(id).await?.ok_or(EngineError::JobNotFound)?;
        for task in tasks(&job) {
            let entry = store.queue_entry(task).await?;
            let lease = entry.and_then(|entry| entry.lease);
            if lease.is_some_and(|lease| lease.worker == *worker) {
                return Ok(task);
            }
        }
        Err(EngineError::JobNotFound)
    }
}

/// The tasks a job waits for.
fn tasks(job: &Job) -> Vec<TaskId> {
    if let Some(work) = &job.work {
        return vec![work.task];
    }
    let Some(Wait::Fork(fork)) = job.wait.as_deref() else {
        return Vec::new();
    };
    let running = fork
        .branches
        .iter()
        .filter(|branch| branch.result.is_none());
    running
        .filter_map(|branch| match &branch.runs {
            Runs::Task(work) => Some(work.task),
            Runs::Job(_) => None,
        })
        .collect()
}
