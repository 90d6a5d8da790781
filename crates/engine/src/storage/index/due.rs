//! Things whose time has come.

use super::Index;
use crate::storage::Due;
use crate::storage::timers::Timer;

/// When an item that was due but not dealt with comes up again.
const DUE_AGAIN_AFTER_MS: u64 = 1_000;

impl Index {
    /// Takes what is due. What needs a commit comes up again a little later unless that commit
    /// has removed its reason.
    pub fn due(&mut self, now_ms: u64, max: usize) -> Vec<Due> {
        let mut due = Vec::new();
        while due.len() < max
            && let Some(timer) = self.timers.pop_due(now_ms)
        {
            if let Some(item) = self.check(timer, now_ms) {
                due.push(item);
            }
        }
        due
    }

    /// What a timer means now; nothing if its reason has gone.
    fn check(&mut self, timer: Timer, now_ms: u64) -> Option<Due> {
        match timer {
            Timer::Ready(task) => {
                let entry = self.entries.get(&task)?.clone();
                if entry.lease.is_some() || entry.ready_at_ms > now_ms {
                    return None;
                }
                self.make_ready(&entry);
                let entry = *entry;
                Some(Due::Ready {
                    task_type: entry.task_type,
                    wants: entry.wants,
                    worker: entry.worker,
                })
            }
            Timer::Lease(task, lease) => {
                let entry = self.entries.get(&task)?;
                let current = entry.lease.as_ref().filter(|current| current.id == lease)?;
                let worker = self.workers.get(&current.worker)?;
                let expires_ms = worker.expires_ms(task, self.lease_ms);
                if expires_ms > now_ms {
                    self.timers.set(expires_ms, timer);
                    return None;
                }
                let job = entry.job_id;
                self.timers.set(now_ms + DUE_AGAIN_AFTER_MS, timer);
                Some(Due::LeaseExpired { job, task, lease })
            }
            Timer::Execution(task, lease) => {
                let entry = self.entries.get(&task)?;
                entry.lease.as_ref().filter(|current| current.id == lease)?;
                let job = entry.job_id;
                self.timers.set(now_ms + DUE_AGAIN_AFTER_MS, timer);
                Some(Due::ExecutionTimeout { job, task, lease })
            }
            Timer::Dispatch(task) => {
                let entry = self.entries.get(&task)?;
                if entry.lease.is_some() {
                    return None;
                }
                let job = entry.job_id;
                self.timers.set(now_ms + DUE_AGAIN_AFTER_MS, timer);
                Some(Due::DispatchTimeout { job, task })
            }
            Timer::Result(task) => {
                let job = self.entries.get(&task)?.job_id;
                self.timers.set(now_ms + DUE_AGAIN_AFTER_MS, timer);
                Some(Due::ResultTimeout { job, task })
            }
            Timer::Job(job) => {
                let at_ms = *self.job_timers.get(&job)?;
                if at_ms > now_ms {
                    return None;
                }
                let again_ms = now_ms + DUE_AGAIN_AFTER_MS;
                self.job_timers.insert(job, again_ms);
                self.timers.set(again_ms, timer);
                Some(Due::Job { job })
            }
        }
    }
}
