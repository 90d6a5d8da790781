//! What handlers tell while they work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use avtomatika_protocol::WorkerId;
use avtomatika_protocol::worker::WorkerEvent;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};

use crate::client::Client;
use crate::run::Run;

/// Events waiting to be sent; more are dropped.
pub(crate) const QUEUE_LEN_MAX: usize = 1024;

/// Events looked at together, so that a chatty handler's can be merged.
const BATCH_LEN_MAX: usize = 64;

/// How long a result may wait for the events before it.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// One thing a handler told about its progress.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The handler's name for what it is doing (`build`, `start`, …).
    pub phase: String,
    /// What there is to say about it.
    pub message: String,
    /// How far the whole task has come, 0 to 1.
    pub fraction: Option<f64>,
}

/// Where a task's progress goes.
#[derive(Debug)]
pub(crate) enum Sink {
    /// To the server.
    Server {
        queue: mpsc::Sender<Note>,
        /// Whether the handler told anything at all; most don't.
        used: AtomicBool,
    },
    /// Into a list, for tests of handlers.
    Recorded(Mutex<Vec<Progress>>),
}

/// What the sender is asked to do.
#[derive(Debug)]
pub(crate) enum Note {
    /// Send this.
    Event { run: Arc<Run>, progress: Progress },
    /// Say when everything before this was sent.
    Flush(oneshot::Sender<()>),
}

impl Sink {
    pub(crate) fn to_server(queue: &mpsc::Sender<Note>) -> Self {
        Self::Server {
            queue: queue.clone(),
            used: AtomicBool::new(false),
        }
    }
}

/// Notes progress; never waits.
pub(crate) fn tell(run: &Arc<Run>, progress: Progress) {
    match &run.progress {
        Sink::Recorded(list) => list.lock().push(progress),
        Sink::Server { queue, used } => {
            used.store(true, Ordering::Relaxed);
            if queue
                .try_send(Note::Event {
                    run: Arc::clone(run),
                    progress,
                })
                .is_err()
            {
                tracing::debug!(task_id = %run.task.task_id, "dropped progress: too much at once");
            }
        }
    }
}

/// Waits a moment for a task's progress to be sent, so that the server sees it before the result.
pub(crate) async fn flush(run: &Run) {
    let Sink::Server { queue, used } = &run.progress else {
        return;
    };
    if !used.load(Ordering::Relaxed) {
        return;
    }
    let (done, sent) = oneshot::channel();
    let flush = async {
        if queue.send(Note::Flush(done)).await.is_ok() {
            // An error means the sender is gone: nothing left to wait for.
            let _gone = sent.await;
        }
    };
    if tokio::time::timeout(FLUSH_TIMEOUT, flush).await.is_err() {
        tracing::debug!(task_id = %run.task.task_id, "progress is slow; the result goes first");
    }
}

/// Sends events one after the other until all senders are gone.
pub(crate) async fn send_all(
    client: &Client,
    worker_id: &WorkerId,
    mut queue: mpsc::Receiver<Note>,
) {
    let mut batch = Vec::with_capacity(BATCH_LEN_MAX);
    while queue.recv_many(&mut batch, BATCH_LEN_MAX).await > 0 {
        let superseded = superseded(&batch);
        for (note, superseded) in batch.drain(..).zip(superseded) {
            match note {
                Note::Flush(done) => {
                    // Whoever asked may have stopped waiting.
                    let _gone = done.send(());
                }
                Note::Event { .. } if superseded => {}
                Note::Event { run, progress } => {
                    if let Err(error) = client.event(&event(worker_id, &run, progress)).await {
                        tracing::debug!(task_id = %run.task.task_id, %error, "lost progress");
                    }
                }
            }
        }
    }
}

/// For each note, whether the same task's next one says more about the same phase.
fn superseded(batch: &[Note]) -> Vec<bool> {
    let is = |note: &Note, same: &Arc<Run>| matches!(note, Note::Event { run, .. } if Arc::ptr_eq(run, same));
    batch
        .iter()
        .enumerate()
        .map(|(at, note)| {
            let Note::Event { run, progress } = note else { return false };
            let next = batch.iter().skip(at + 1).find(|later| is(later, run));
            matches!(next, Some(Note::Event { progress: later, .. }) if later.phase == progress.phase)
        })
        .collect()
}

fn event(worker_id: &WorkerId, run: &Run, progress: Progress) -> WorkerEvent {
    let mut payload = Map::new();
    payload.insert("phase".to_owned(), Value::from(progress.phase));
    payload.insert("message".to_owned(), Value::from(progress.message));
    if let Some(fraction) = progress.fraction {
        payload.insert("progress".to_owned(), Value::from(fraction));
    }
    WorkerEvent {
        event_type: "progress".to_owned(),
        worker_id: worker_id.clone(),
        target_job_id: run.task.job_id,
        target_task_id: run.task.task_id,
        payload,
    }
}
