//! A simulated worker: what it knows, which is not what the server knows.

use avtomatika_engine::service::{EngineError, Handout};
use avtomatika_protocol::worker::{Heartbeat, Outcome, ResultMessage, RunningTask};
use avtomatika_protocol::{Failure, LeaseId, TaskId};
use serde_json::json;
use tokio::task::JoinHandle;

pub(crate) type Polling = JoinHandle<Result<Option<Handout>, EngineError>>;

pub(crate) struct Worker {
    pub(crate) name: &'static str,
    pub(crate) max: u32,
    /// Of the seed era: names neither its leases nor what it runs.
    pub(crate) seed_era: bool,
    /// Down until this time; it registers when it is back.
    pub(crate) down_until_ms: Option<u64>,
    pub(crate) running: Vec<(TaskId, LeaseId, ResultMessage)>,
    pub(crate) poll: Option<Polling>,
    /// Results no answer has come for.
    pub(crate) outbox: Vec<ResultMessage>,
}

impl Worker {
    pub(crate) fn new(name: &'static str, max: u32, seed_era: bool) -> Self {
        Self {
            name,
            max,
            seed_era,
            down_until_ms: Some(0),
            running: Vec::new(),
            poll: None,
            outbox: Vec::new(),
        }
    }

    pub(crate) fn begin(&mut self, handout: &Handout) {
        // A result says under which lease it was made, so that the store can tell on the engine.
        // The seed era can't tell two attempts of one worker apart.
        let data = if self.seed_era {
            json!({})
        } else {
            json!({"lease": handout.lease})
        };
        let message = crate::lab::message(self.name, handout, Outcome::success(data));
        self.running.push((handout.task, handout.lease, message));
    }

    /// Ends a task: its result waits to be sent.
    pub(crate) fn end(&mut self, place: usize, well: bool) {
        let (_, _, mut message) = self.running.swap_remove(place);
        if !well {
            message.result = Outcome::failure(&Failure::new("TRANSIENT_ERROR", "no luck"));
        }
        if self.seed_era {
            message.lease = None;
        }
        self.outbox.push(message);
    }

    pub(crate) fn heartbeat(&self) -> Heartbeat {
        let running = self.running.iter().map(|(task_id, lease, _)| RunningTask {
            task_id: *task_id,
            lease: *lease,
        });
        let unsent = self.outbox.iter().filter_map(|message| {
            Some(RunningTask {
                task_id: message.task_id,
                lease: message.lease?,
            })
        });
        Heartbeat {
            running: (!self.seed_era).then(|| running.chain(unsent).collect()),
            ..Heartbeat::default()
        }
    }

    /// Dies. What it had sent may still arrive.
    pub(crate) fn crash(&mut self, until_ms: u64) -> Vec<ResultMessage> {
        self.running.clear();
        if let Some(poll) = self.poll.take() {
            poll.abort();
        }
        self.down_until_ms = Some(until_ms);
        std::mem::take(&mut self.outbox)
    }
}
