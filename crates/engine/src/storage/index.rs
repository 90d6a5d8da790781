//! The hot scheduler: queue, leases, timers and liveness in memory.
//!
//! The memory store is this and maps; the embedded store is this in front of a durable log, from
//! which it is rebuilt at start. Pure: the time comes in with each call.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use avtomatika_protocol::worker::RunningTask;
use avtomatika_protocol::{JobId, LeaseId, TaskId, WorkerId};

use super::lines::Lines;
use super::presence::{Held, Worker};
use super::timers::{Timer, Timers};
use super::{
    Claim, Claimed, Lease, Profile, QueueCounts, QueueEntry, Reconciled, Touched, WorkerRecord,
    WorkerView,
};

/// How long a registration without a sign of life is remembered.
const FORGET_WORKER_AFTER_MS: u64 = 24 * 3_600_000;

/// The queue, the leases, the timers and the workers.
#[derive(Debug)]
pub struct Index {
    lease_ms: u64,
    /// Each by itself on the heap: a table is half empty, and grows by being moved.
    entries: HashMap<TaskId, Box<QueueEntry>>,
    ready: HashMap<Arc<str>, Lines>,
    pinned: HashMap<WorkerId, HashMap<Arc<str>, Lines>>,
    queued_by_type: HashMap<Arc<str>, u64>,
    leased_by_type: HashMap<Arc<str>, u64>,
    timers: Timers,
    job_timers: HashMap<JobId, u64>,
    workers: HashMap<WorkerId, Worker>,
}

impl Index {
    /// An empty index whose leases last `lease_ms` after their worker's last sign of life.
    pub fn new(lease_ms: u64) -> Self {
        Self {
            lease_ms,
            entries: HashMap::new(),
            ready: HashMap::new(),
            pinned: HashMap::new(),
            queued_by_type: HashMap::new(),
            leased_by_type: HashMap::new(),
            timers: Timers::default(),
            job_timers: HashMap::new(),
            workers: HashMap::new(),
        }
    }

    /// Puts a task in: new, or read back at start (then perhaps leased).
    pub fn add(&mut self, entry: QueueEntry, now_ms: u64) {
        if let Some(lease) = entry.lease.clone() {
            self.note_lease(&entry, &lease, now_ms);
        } else {
            self.offer(&entry, now_ms);
        }
        self.entries.insert(entry.task_id, Box::new(entry));
    }

    /// The entry of a task.
    pub fn entry(&self, task: TaskId) -> Option<&QueueEntry> {
        self.entries.get(&task).map(Box::as_ref)
    }

    /// How many tasks of a type wait for a worker.
    pub fn queued_of(&self, task_type: &str) -> u64 {
        self.queued_by_type.get(task_type).copied().unwrap_or(0)
    }

    /// Whether the task is there and, if a lease is named, under that lease.
    pub fn holds(&self, task: TaskId, lease: Option<LeaseId>) -> bool {
        self.entries.get(&task).is_some_and(|entry| match lease {
            Some(id) => entry.lease.as_ref().is_some_and(|current| current.id == id),
            None => true,
        })
    }

    /// Takes a finished task out.
    pub fn finish(&mut self, task: TaskId) {
        if let Some(entry) = self.entries.remove(&task) {
            self.withdraw(&entry);
            if let Some(deadline_ms) = entry.result_deadline_ms() {
                self.timers.clear(deadline_ms, Timer::Result(task));
            }
        }
    }

    /// Puts a task back, ready at `ready_at_ms`. Answers its entry.
    pub fn retry(&mut self, task: TaskId, ready_at_ms: u64, now_ms: u64) -> Option<QueueEntry> {
        let mut entry = self.entries.remove(&task)?;
        self.withdraw(&entry);
        entry.lease = None;
        entry.ready_at_ms = ready_at_ms;
        self.offer(&entry, now_ms);
        let answer = entry.as_ref().clone();
        self.entries.insert(task, entry);
        Some(answer)
    }

    /// Leases the best ready task to a worker.
    pub fn claim(&mut self, claim: &Claim) -> Claimed {
        // Polls of one worker may race each other to here.
        if self.workers.get(&claim.worker).is_some_and(Worker::is_full) {
            return Claimed::Full;
        }
        match self.claim_best(claim) {
            Some((entry, lease)) => Claimed::Task(entry, lease),
            None => Claimed::Nothing,
        }
    }

    fn claim_best(&mut self, claim: &Claim) -> Option<(Box<QueueEntry>, Lease)> {
        let pinned = self.pinned.get(&claim.worker);
        let worker = self.workers.get(&claim.worker);
        let profile = worker.map(|worker| worker.profile.as_ref());
        let best = claim
            .types
            .iter()
            .filter(|task_type| worker.is_none_or(|worker| !worker.is_full_of(task_type)))
            .flat_map(|task_type| {
                let own = pinned.and_then(|by_type| by_type.get(task_type));
                let lines = [self.ready.get(task_type), own].into_iter().flatten();
                lines.filter_map(|lines| lines.best(task_type, profile))
            })
            .min()?
            .2;
        let mut entry = self.entries.remove(&best)?;
        self.withdraw(&entry);
        entry.attempt += 1;
        let lease = Lease {
            id: claim.lease,
            worker: claim.worker.clone(),
            since_ms: claim.now_ms,
            execution_deadline_ms: entry.execution_timeout_ms.map(|limit| claim.now_ms + limit),
        };
        entry.lease = Some(lease.clone());
        self.note_lease(&entry, &lease, claim.now_ms);
        self.entries.insert(best, entry.clone());
        Some((entry, lease))
    }

    /// Puts a task back as if it had not been handed out. Answers its entry, unless that lease
    /// is gone.
    pub fn hand_back(&mut self, task: TaskId, lease: LeaseId) -> Option<QueueEntry> {
        if !self.holds(task, Some(lease)) {
            return None;
        }
        // It was ready when it was handed out, so it is ready now.
        let ready_at_ms = self.entries.get(&task)?.ready_at_ms;
        self.retry(task, ready_at_ms, ready_at_ms)
    }

    /// Sets or clears the time at which a job goes on by itself.
    pub fn set_job_timer(&mut self, job: JobId, at_ms: Option<u64>) {
        let old = match at_ms {
            Some(at_ms) => self.job_timers.insert(job, at_ms),
            None => self.job_timers.remove(&job),
        };
        if let Some(old) = old {
            self.timers.clear(old, Timer::Job(job));
        }
        if let Some(at_ms) = at_ms {
            self.timers.set(at_ms, Timer::Job(job));
        }
    }

    /// When the next timer is due.
    pub fn next_due_ms(&self) -> Option<u64> {
        self.timers.next_ms()
    }

    /// Keeps a registration.
    pub fn register(&mut self, record: WorkerRecord, now_ms: u64) {
        let id = record.registration.worker_id.clone();
        let worker = self.worker(&id, now_ms);
        worker.last_seen_ms = worker.last_seen_ms.max(now_ms);
        worker.profile = Arc::new(Profile::read(&record.registration));
        worker.record = Some(Arc::new(record));
    }

    /// Notes what a worker has at hand.
    pub fn note_hot(&mut self, worker: &WorkerId, types: Vec<String>) {
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.hot = types.into_iter().collect();
        }
    }

    /// Notes how a task of a worker went.
    pub fn note_outcome(&mut self, worker: &WorkerId, well: bool) {
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.note_outcome(well);
        }
    }

    /// Forgets registrations without a sign of life for a day. Answers their names.
    pub fn forget_stale_workers(&mut self, now_ms: u64) -> Vec<WorkerId> {
        let stale: Vec<WorkerId> = self
            .workers
            .iter()
            .filter(|(_, worker)| {
                worker.leased.is_empty() && worker.last_seen_ms + FORGET_WORKER_AFTER_MS < now_ms
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in &stale {
            self.workers.remove(id);
        }
        stale
    }

    /// Notes a sign of life.
    pub fn touch(&mut self, worker: &WorkerId, now_ms: u64) -> Option<Touched> {
        let worker = self.workers.get_mut(worker)?;
        worker.last_seen_ms = worker.last_seen_ms.max(now_ms);
        Some(Touched {
            record: worker.record.clone()?,
            leased: worker.leased.len(),
            standing: worker.standing(),
        })
    }

    /// Notes a broken connection: without another sign of life the worker's leases expire after
    /// `grace_ms`.
    pub fn suspect(&mut self, worker: &WorkerId, now_ms: u64, grace_ms: u64) {
        let Some(known) = self.workers.get_mut(worker) else {
            return;
        };
        let doubted_ms = (now_ms + grace_ms).saturating_sub(self.lease_ms);
        known.last_seen_ms = known.last_seen_ms.min(doubted_ms);
        for task in known.leased.keys() {
            if let Some(lease) = self
                .entries
                .get(task)
                .and_then(|entry| entry.lease.as_ref())
            {
                self.timers
                    .set(now_ms + grace_ms, Timer::Lease(*task, lease.id));
            }
        }
    }

    /// Forgets a worker and hands its tasks back. Answers their entries.
    pub fn dismiss(&mut self, worker: &WorkerId) -> Vec<QueueEntry> {
        let Some(known) = self.workers.remove(worker) else {
            return Vec::new();
        };
        known
            .leased
            .into_keys()
            .filter_map(|task| {
                let lease = self.entries.get(&task)?.lease.as_ref()?.id;
                self.hand_back(task, lease)
            })
            .collect()
    }

    /// Compares what a worker runs with what it has been given. Answers the entries handed back
    /// and the tasks that are not the worker's.
    pub fn reconcile(
        &mut self,
        worker: &WorkerId,
        running: &[RunningTask],
        before_ms: u64,
    ) -> Reconciled {
        let lost = running
            .iter()
            .filter(|task| !self.holds(task.task_id, Some(task.lease)))
            .map(|task| task.task_id)
            .collect();
        let given: Vec<TaskId> = self
            .workers
            .get(worker)
            .map(|known| known.leased.keys().copied().collect())
            .unwrap_or_default();
        let mut back = Vec::new();
        for task in given {
            let Some(lease) = self
                .entries
                .get(&task)
                .and_then(|entry| entry.lease.clone())
            else {
                continue;
            };
            let named = running
                .iter()
                .any(|run| run.task_id == task && run.lease == lease.id);
            if named {
                if let Some(known) = self.workers.get_mut(worker) {
                    known.vouch(task);
                }
            } else if lease.since_ms < before_ms {
                back.extend(self.hand_back(task, lease.id));
            }
        }
        Reconciled { back, lost }
    }

    /// The workers that registered.
    pub fn workers(&self) -> Vec<WorkerView> {
        self.workers
            .values()
            .filter_map(|worker| {
                Some(WorkerView {
                    record: worker.record.clone()?,
                    last_seen_ms: worker.last_seen_ms,
                    leased: worker.leased.keys().copied().collect(),
                    standing: worker.standing(),
                })
            })
            .collect()
    }

    /// How many tasks of each type are where.
    pub fn counts(&self) -> QueueCounts {
        fn sorted(counts: &HashMap<Arc<str>, u64>) -> BTreeMap<Arc<str>, u64> {
            counts
                .iter()
                .map(|(name, count)| (Arc::clone(name), *count))
                .collect()
        }
        QueueCounts {
            queued: sorted(&self.queued_by_type),
            leased: sorted(&self.leased_by_type),
        }
    }

    /// Makes a task available, now or when its back-off ends.
    fn offer(&mut self, entry: &QueueEntry, now_ms: u64) {
        *self
            .queued_by_type
            .entry(Arc::clone(&entry.task_type))
            .or_default() += 1;
        if let Some(deadline_ms) = entry.dispatch_deadline_ms() {
            self.timers.set(deadline_ms, Timer::Dispatch(entry.task_id));
        }
        self.note_result_deadline(entry);
        if entry.ready_at_ms > now_ms {
            self.timers
                .set(entry.ready_at_ms, Timer::Ready(entry.task_id));
        } else {
            self.make_ready(entry);
        }
    }

    fn note_result_deadline(&mut self, entry: &QueueEntry) {
        if let Some(deadline_ms) = entry.result_deadline_ms() {
            self.timers.set(deadline_ms, Timer::Result(entry.task_id));
        }
    }

    fn make_ready(&mut self, entry: &QueueEntry) {
        let queue = match &entry.worker {
            Some(worker) => self
                .pinned
                .entry(worker.clone())
                .or_default()
                .entry(Arc::clone(&entry.task_type))
                .or_default(),
            None => self.ready.entry(Arc::clone(&entry.task_type)).or_default(),
        };
        queue.insert(entry);
    }

    /// Takes a task out of the ready queue or out of its worker's hands.
    fn withdraw(&mut self, entry: &QueueEntry) {
        if let Some(lease) = &entry.lease {
            if let Some(worker) = self.workers.get_mut(&lease.worker) {
                worker.release(entry);
            }
            if let Some(count) = self.leased_by_type.get_mut(&entry.task_type) {
                *count = count.saturating_sub(1);
            }
            // Most leases end before any of their timers comes up. Those would be recognised as
            // stale, but a busy server would carry minutes' worth of them.
            let first_ms = lease.since_ms + self.lease_ms;
            self.timers
                .clear(first_ms, Timer::Lease(entry.task_id, lease.id));
            if let Some(deadline_ms) = lease.execution_deadline_ms {
                self.timers
                    .clear(deadline_ms, Timer::Execution(entry.task_id, lease.id));
            }
            return;
        }
        if let Some(count) = self.queued_by_type.get_mut(&entry.task_type) {
            *count = count.saturating_sub(1);
        }
        if let Some(deadline_ms) = entry.dispatch_deadline_ms() {
            self.timers
                .clear(deadline_ms, Timer::Dispatch(entry.task_id));
        }
        self.timers
            .clear(entry.ready_at_ms, Timer::Ready(entry.task_id));
        let Some(worker) = &entry.worker else {
            if let Some(queue) = self.ready.get_mut(&entry.task_type) {
                queue.remove(entry);
            }
            return;
        };
        // Worker names come and go, so nothing is kept for those without tasks of their own.
        if let Some(by_type) = self.pinned.get_mut(worker) {
            if let Some(queue) = by_type.get_mut(&entry.task_type) {
                queue.remove(entry);
            }
            by_type.retain(|_, queue| !queue.is_empty());
            if by_type.is_empty() {
                self.pinned.remove(worker);
            }
        }
    }

    fn note_lease(&mut self, entry: &QueueEntry, lease: &Lease, now_ms: u64) {
        let held = Held {
            known_ms: lease.since_ms,
            noted_ms: now_ms,
        };
        self.note_result_deadline(entry);
        self.worker(&lease.worker, now_ms).hold(entry, held);
        *self
            .leased_by_type
            .entry(Arc::clone(&entry.task_type))
            .or_default() += 1;
        self.timers.set(
            now_ms + self.lease_ms,
            Timer::Lease(entry.task_id, lease.id),
        );
        if let Some(deadline_ms) = lease.execution_deadline_ms {
            self.timers
                .set(deadline_ms, Timer::Execution(entry.task_id, lease.id));
        }
    }

    fn worker(&mut self, id: &WorkerId, now_ms: u64) -> &mut Worker {
        self.workers
            .entry(id.clone())
            .or_insert_with(|| Worker::seen(now_ms))
    }
}

mod due;
#[cfg(test)]
mod tests;
