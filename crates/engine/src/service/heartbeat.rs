//! Registrations and signs of life.

use std::sync::Arc;

use avtomatika_protocol::worker::{
    Heartbeat, HeartbeatAnswer, Registration, RunningTask, WorkerEvent,
};
use avtomatika_protocol::{SessionId, WorkerId};

use super::engine::Engine;
use super::error::EngineError;
use super::through::Through;
use crate::names;
use crate::storage::{QueueEntry, Touched, WorkerRecord};

/// Names kept of what a worker has at hand.
const HOT_MAX: usize = 256;

/// What a heartbeat is answered with.
#[derive(Clone, Debug)]
pub struct Beat {
    /// The worker's registration.
    pub record: Arc<WorkerRecord>,
    /// What it should do.
    pub answer: HeartbeatAnswer,
}

impl Engine {
    /// Keeps a registration, durably, and answers its session.
    ///
    /// # Errors
    /// When it could not be stored.
    pub async fn register(&self, registration: Registration) -> Result<SessionId, EngineError> {
        let inner = &self.0;
        let now_ms = self.now_ms();
        let session_id = inner.entropy.session_id(now_ms);
        let worker = registration.worker_id.clone();
        tracing::info!(%worker, %session_id, types = ?registration.supported_tasks, "worker registered");
        let record = WorkerRecord {
            registration,
            session_id,
            registered_at_ms: now_ms,
        };
        inner.store.register(record).await?;
        inner.parking.wake_worker(&worker);
        Ok(session_id)
    }

    /// Takes a heartbeat: extends the worker's leases, takes back what it says it doesn't run,
    /// and tells it what to stop.
    ///
    /// # Errors
    /// [`EngineError::UnknownWorker`] if it must register (again) first.
    pub async fn heartbeat(&self, worker: &WorkerId, beat: Heartbeat) -> Result<Beat, EngineError> {
        let inner = &self.0;
        let arrived_ms = self.now_ms();
        let touched = self.seen(worker).await?;
        if beat
            .session_id
            .is_some_and(|session| session != touched.record.session_id)
        {
            return Err(EngineError::UnknownWorker);
        }
        self.note_types(&touched, &beat).await?;
        if let Some(hot) = hot_types(&beat) {
            inner.store.note_hot(worker, hot);
        }
        let mut answer = HeartbeatAnswer::default();
        // Workers of the seed era don't name their tasks, but one that says it runs none has
        // lost whatever it was handed: its count goes down only after the result was taken.
        let none: &[RunningTask] = &[];
        let running = match &beat.running {
            Some(running) => Some(running.as_slice()),
            None => (beat.load == Some(0.0)).then_some(none),
        };
        if let Some(running) = running {
            // A task handed out while this heartbeat was on its way is not named in it yet.
            let before_ms =
                arrived_ms.saturating_sub(inner.settings.heartbeat_interval_ms.min(5_000));
            let found = inner.store.reconcile(worker, running, before_ms).await?;
            self.offer_again(worker, &found.back);
            for task in found.lost {
                self.sort_lost(task, running, &mut answer).await?;
            }
        }
        if beat.status.as_deref() == Some("offline") {
            self.dismiss(worker).await?;
        }
        let record = inner
            .store
            .touch(worker, arrived_ms)
            .await?
            .map_or(touched.record, |touched| touched.record);
        Ok(Beat { record, answer })
    }

    /// Checks that a worker's session is the one it was given last.
    ///
    /// # Errors
    /// [`EngineError::UnknownWorker`] if it must register again.
    pub async fn check_session(&self, worker: &WorkerId, session: &str) -> Result<(), EngineError> {
        let touched = self.seen(worker).await?;
        if session.parse() == Ok(touched.record.session_id) {
            Ok(())
        } else {
            Err(EngineError::UnknownWorker)
        }
    }

    /// Forgets a worker that is leaving and hands its tasks to others.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn dismiss(&self, worker: &WorkerId) -> Result<(), EngineError> {
        let (engine, name) = (self.clone(), worker.clone());
        let work = async move {
            let back = engine.0.store.dismiss(&name).await?;
            engine.offer_again(&name, &back);
            // Its polls are told to register.
            engine.0.parking.wake_worker(&name);
            Ok::<(), EngineError>(())
        };
        Through::new(&self.0.unfinished, work).await?;
        tracing::info!(%worker, "worker left");
        Ok(())
    }

    /// Wakes polls for tasks this worker had that are back in the queue, and its own: it has
    /// capacity again.
    pub(super) fn offer_again(&self, worker: &WorkerId, entries: &[QueueEntry]) {
        for entry in entries {
            metrics::counter!(names::TASKS_LOST, "reason" => "handed_back").increment(1);
            self.0.parking.wake(
                &entry.task_type,
                entry.wants.as_ref(),
                entry.worker.as_ref(),
            );
        }
        if !entries.is_empty() {
            self.0.parking.wake_worker(worker);
            self.0.timer_set();
        }
    }

    /// Notes what a worker says about a task it has.
    ///
    /// # Errors
    /// [`EngineError::JobNotFound`] when the task is not this worker's.
    pub async fn progress(&self, event: WorkerEvent) -> Result<(), EngineError> {
        let inner = &self.0;
        let now_ms = self.now_ms();
        let _known = inner.store.touch(&event.worker_id, now_ms).await?;
        if !self.has_task(&event).await? {
            return Err(EngineError::JobNotFound);
        }
        let text = |key: &str| event.payload.get(key).and_then(serde_json::Value::as_str);
        let fraction = event
            .payload
            .get("progress")
            .and_then(serde_json::Value::as_f64);
        inner.progress.note(
            event.target_job_id,
            fraction,
            text("message"),
            text("phase"),
            now_ms,
        );
        // A result that came in between has swept the board already.
        if !self.has_task(&event).await? {
            inner.progress.forget(event.target_job_id);
        }
        inner.watchers.tell(event.target_job_id);
        Ok(())
    }

    /// Whether the worker has the task it tells about.
    async fn has_task(&self, event: &WorkerEvent) -> Result<bool, EngineError> {
        let entry = self.0.store.queue_entry(event.target_task_id).await?;
        Ok(entry.is_some_and(|entry| {
            entry.job_id == event.target_job_id
                && entry
                    .lease
                    .is_some_and(|lease| lease.worker == event.worker_id)
        }))
    }

    /// The types a worker takes: those of its last heartbeat if it named some, else those it
    /// registered.
    pub(super) fn types_of(&self, touched: &Touched) -> Arc<[Arc<str>]> {
        touched
            .record
            .registration
            .supported_tasks
            .iter()
            .map(|name| Arc::from(name.as_str()))
            .collect()
    }

    /// Keeps the types a heartbeat names, when they changed. An empty list means "busy just
    /// now" in the seed era and changes nothing: the number of tasks bounds a busy worker.
    async fn note_types(&self, touched: &Touched, beat: &Heartbeat) -> Result<(), EngineError> {
        let Some(types) = beat
            .supported_tasks
            .as_ref()
            .filter(|types| !types.is_empty())
        else {
            return Ok(());
        };
        if *types == touched.record.registration.supported_tasks {
            return Ok(());
        }
        let mut record = touched.record.as_ref().clone();
        record.registration.supported_tasks.clone_from(types);
        let worker = record.registration.worker_id.clone();
        self.0.store.register(record).await?;
        self.0.parking.wake_worker(&worker);
        Ok(())
    }

    /// A task the worker runs but doesn't hold: its job was cancelled, or it is somebody else's.
    async fn sort_lost(
        &self,
        task: avtomatika_protocol::TaskId,
        running: &[avtomatika_protocol::worker::RunningTask],
        answer: &mut HeartbeatAnswer,
    ) -> Result<(), EngineError> {
        let gone = self.0.store.queue_entry(task).await?.is_none();
        if gone && running.iter().any(|run| run.task_id == task) {
            answer.cancel_task_ids.push(task);
        } else {
            metrics::counter!(names::TASKS_LOST, "reason" => "lease_gone").increment(1);
            answer.lost_task_ids.push(task);
        }
        Ok(())
    }
}

/// The task types a worker says it has what it takes for at hand: `hot_cache` in the first
/// generation, `hot_skills` in the latest.
fn hot_types(beat: &Heartbeat) -> Option<Vec<String>> {
    let named = beat.more.get("hot_cache").or(beat.more.get("hot_skills"))?;
    let names = named.as_array()?.iter();
    Some(
        names
            .filter_map(|name| name.as_str().map(str::to_owned))
            .take(HOT_MAX)
            .collect(),
    )
}
