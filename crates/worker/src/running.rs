//! The tasks a session has and has not yet reported.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use avtomatika_protocol::worker::{HeartbeatAnswer, RunningTask};
use avtomatika_protocol::{LeaseId, TaskId};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::run::{Run, Stop};

type Key = (TaskId, Option<LeaseId>);

/// Every task between its arrival and the moment the server has its result. Heartbeats name them:
/// a lease that is not named goes back to the queue.
#[derive(Default)]
pub(crate) struct RunningTasks {
    runs: Mutex<HashMap<Key, Arc<Run>>>,
    ended: Notify,
}

fn key(run: &Run) -> Key {
    (run.task.task_id, run.task.lease)
}

impl RunningTasks {
    /// Notes a task; false if this very hand-out is there already.
    pub(crate) fn begin(&self, run: &Arc<Run>) -> bool {
        match self.runs.lock().entry(key(run)) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(Arc::clone(run));
                true
            }
        }
    }

    /// Forgets a task.
    pub(crate) fn end(&self, run: &Run) {
        self.runs.lock().remove(&key(run));
        self.ended.notify_waiters();
    }

    /// Stops earlier attempts of a task that are still at work here, and waits until they have
    /// ended: their lease ran out while the server was out of reach, and two attempts must not
    /// do the same work at once.
    pub(crate) async fn supersede(&self, run: &Run) {
        if run.task.attempt <= 1 {
            return;
        }
        loop {
            let ended = self.ended.notified();
            let earlier: Vec<_> = {
                let runs = self.runs.lock();
                let same = |other: &&Arc<Run>| {
                    other.task.task_id == run.task.task_id && other.task.attempt < run.task.attempt
                };
                runs.values().filter(same).cloned().collect()
            };
            if earlier.is_empty() {
                return;
            }
            for other in earlier {
                other.stop(Stop::Lost);
            }
            ended.await;
        }
    }

    /// What a heartbeat says, in no order. Seed-era tasks have no lease and are not named.
    pub(crate) fn leases(&self) -> Vec<RunningTask> {
        let named = |&(task_id, lease): &Key| lease.map(|lease| RunningTask { task_id, lease });
        self.runs.lock().keys().filter_map(named).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.runs.lock().len()
    }

    /// Does what the answer to a heartbeat asks for. `named` is what that heartbeat said: a task
    /// reported lost may have come back under a new lease in the meantime.
    pub(crate) fn obey(&self, answer: &HeartbeatAnswer, named: &[RunningTask]) {
        if answer.cancel_task_ids.is_empty() && answer.lost_task_ids.is_empty() {
            return;
        }
        let runs = self.runs.lock();
        for ((task_id, lease), run) in runs.iter() {
            let was_named = || {
                named
                    .iter()
                    .any(|said| said.task_id == *task_id && Some(said.lease) == *lease)
            };
            if answer.lost_task_ids.contains(task_id) && was_named() {
                tracing::warn!(%task_id, "lost the lease of a task; stopping it");
                run.stop(Stop::Lost);
            } else if answer.cancel_task_ids.contains(task_id)
                && run.stopped().is_none_or(|stop| stop < Stop::Cancelled)
            {
                tracing::info!(%task_id, "the job of a task was cancelled; stopping it");
                run.stop(Stop::Cancelled);
            }
        }
    }

    /// Stops everything.
    pub(crate) fn stop_all(&self, why: Stop) {
        for run in self.runs.lock().values() {
            run.stop(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::progress::Sink;

    fn run(lease: &str) -> Arc<Run> {
        let id = "00000000-0000-7000-8000-000000000001";
        let task = json!({"job_id": id, "task_id": id, "type": "t", "params": {}, "lease": lease});
        // By way of text, for a `RawValue` can't be read from a value.
        let task = serde_json::from_str(&task.to_string()).unwrap();
        Arc::new(Run::new(task, Sink::Recorded(Mutex::default())))
    }

    #[test]
    fn a_task_that_came_back_under_a_new_lease_is_not_the_one_that_was_lost() {
        let tasks = RunningTasks::default();
        let first = run("000000000000000a");
        assert!(tasks.begin(&first));
        assert!(!tasks.begin(&first));
        let named = tasks.leases();
        tasks.end(&first);
        let second = run("000000000000000b");
        assert!(tasks.begin(&second));
        let lost = vec![second.task.task_id];
        let answer = HeartbeatAnswer {
            lost_task_ids: lost,
            ..HeartbeatAnswer::default()
        };
        tasks.obey(&answer, &named);
        assert_eq!(second.stopped(), None);
        tasks.obey(&answer, &tasks.leases());
        assert_eq!(second.stopped(), Some(Stop::Lost));
        // A weaker reason does not replace a stronger one.
        second.stop(Stop::Draining);
        assert_eq!(second.stopped(), Some(Stop::Lost));
    }
}
