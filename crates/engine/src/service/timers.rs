//! What happens because time has passed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use avtomatika_protocol::{JobId, LeaseId, TaskId};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::drive::Origin;
use super::engine::{Engine, Inner};
use super::error::EngineError;
use crate::machine::{Event, Loss, Lost};
use crate::names;
use crate::storage::Due;

/// Items taken from the store at once.
const DUE_MAX: usize = 256;
/// The longest sleep: a repair, should a wake-up ever be missed.
const SLEEP_MAX_MS: u64 = 1_000;
/// How often old jobs are looked for.
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// Old jobs deleted at once.
const PURGE_MAX: usize = 5_000;

impl Inner {
    /// Wakes the clockwork if it would sleep past the earliest timer. Most are set for later than
    /// that: every hand-out sets one, and must not cost a turn of the clockwork.
    pub(super) fn timer_set(&self) {
        let sleeps_until_ms = self.timers_sleep_until_ms.load(Ordering::SeqCst);
        if sleeps_until_ms == u64::MAX
            || self
                .store
                .next_due_ms()
                .is_some_and(|next_ms| next_ms < sleeps_until_ms)
        {
            self.timer_changed.notify_one();
        }
    }
}

impl Engine {
    /// Runs the engine's clockwork until `shutdown`: back-offs, lost leases, time-outs and the
    /// deletion of old jobs.
    pub async fn run(&self, shutdown: CancellationToken) {
        tokio::join!(self.run_timers(&shutdown), self.run_purges(&shutdown));
    }

    async fn run_timers(&self, shutdown: &CancellationToken) {
        let sleeps_until = &self.0.timers_sleep_until_ms;
        loop {
            // Whoever sets a timer from here on has the clockwork look once more.
            sleeps_until.store(u64::MAX, Ordering::SeqCst);
            self.deal_with_due().await;
            let now_ms = self.now_ms();
            let next_ms = self.0.store.next_due_ms().unwrap_or(u64::MAX);
            let sleep_ms = next_ms.saturating_sub(now_ms).clamp(1, SLEEP_MAX_MS);
            sleeps_until.store(now_ms + sleep_ms, Ordering::SeqCst);
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(sleep_ms)) => {}
                () = self.earlier_timer(now_ms + sleep_ms) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Apart from the timers: a great clean-up takes its time, and no back-off may wait for it.
    async fn run_purges(&self, shutdown: &CancellationToken) {
        let purges = async {
            loop {
                tokio::time::sleep(PURGE_EVERY).await;
                self.purge_old(self.now_ms()).await;
            }
        };
        tokio::select! {
            () = purges => {}
            () = shutdown.cancelled() => {}
        }
    }

    /// Waits until a timer earlier than `than_ms` has been set.
    async fn earlier_timer(&self, than_ms: u64) {
        loop {
            self.0.timer_changed.notified().await;
            if self
                .0
                .store
                .next_due_ms()
                .is_some_and(|next_ms| next_ms < than_ms)
            {
                return;
            }
        }
    }

    /// Deals with everything that is due now. Answers how much there was.
    pub async fn deal_with_due(&self) -> usize {
        let mut dealt = 0;
        loop {
            let due = match self.0.store.due(self.now_ms(), DUE_MAX).await {
                Ok(due) => due,
                Err(error) => {
                    tracing::error!(%error, "failed to read what is due");
                    return dealt;
                }
            };
            if due.is_empty() {
                return dealt;
            }
            dealt += due.len();
            // All at once, so that their commits share a sync.
            let mut dealing = JoinSet::new();
            for item in due {
                let engine = self.clone();
                dealing.spawn(async move { engine.deal_with(item).await });
            }
            dealing.join_all().await;
        }
    }

    async fn deal_with(&self, item: Due) {
        let inner = &self.0;
        let outcome = match item {
            Due::Ready {
                task_type,
                wants,
                worker,
            } => {
                inner
                    .parking
                    .wake(&task_type, wants.as_ref(), worker.as_ref());
                return;
            }
            Due::Job { job } => inner
                .drive(Origin::Stored(job), Event::TimerDue)
                .await
                .map(|_| ()),
            Due::LeaseExpired { job, task, lease } => {
                self.lose(job, task, Some(lease), Lost::LeaseExpired).await
            }
            Due::ExecutionTimeout { job, task, lease } => {
                self.lose(job, task, Some(lease), Lost::ExecutionTimeout)
                    .await
            }
            Due::DispatchTimeout { job, task } => {
                self.lose(job, task, None, Lost::DispatchTimeout).await
            }
            Due::ResultTimeout { job, task } => self.run_out(job, task).await,
        };
        match outcome {
            Ok(()) | Err(EngineError::Ignored(_)) => {}
            // It is due again soon.
            Err(error) => tracing::warn!(%error, "failed to deal with a timer"),
        }
    }

    async fn lose(
        &self,
        job: JobId,
        task: TaskId,
        lease: Option<LeaseId>,
        why: Lost,
    ) -> Result<(), EngineError> {
        let inner = &self.0;
        let entry = inner.store.queue_entry(task).await?;
        let held = entry.and_then(|entry| entry.lease);
        // A task that was taken in the last moment has not waited too long.
        if held.as_ref().map(|held| held.id) != lease {
            return Ok(());
        }
        let worker = held.map(|held| held.worker);
        let reason = match why {
            Lost::LeaseExpired => "lease_expired",
            Lost::ExecutionTimeout => "execution_timeout",
            Lost::DispatchTimeout => "dispatch_timeout",
            Lost::ResultTimeout => "result_timeout",
        };
        metrics::counter!(names::TASKS_LOST, "reason" => reason).increment(1);
        tracing::info!(%job, %task, worker = ?worker, reason, "task given up");
        if let Some(worker) = &worker {
            inner.store.note_outcome(worker, false);
        }
        let loss = Loss {
            task,
            lease,
            worker,
            why,
        };
        let origin = Origin::Stored(job);
        inner.drive(origin, Event::Lost(loss)).await.map(|_| ())
    }

    /// A task took too long, whoever has it now.
    async fn run_out(&self, job: JobId, task: TaskId) -> Result<(), EngineError> {
        let inner = &self.0;
        let Some(entry) = inner.store.queue_entry(task).await? else {
            return Ok(());
        };
        metrics::counter!(names::TASKS_LOST, "reason" => "result_timeout").increment(1);
        tracing::info!(%job, %task, reason = "result_timeout", "task given up");
        let loss = Loss {
            task,
            lease: None,
            worker: entry.lease.map(|lease| lease.worker),
            why: Lost::ResultTimeout,
        };
        let origin = Origin::Stored(job);
        inner.drive(origin, Event::Lost(loss)).await.map(|_| ())
    }

    /// Deletes terminal jobs older than the retention. Works on a full disk, where it is what
    /// makes room.
    pub async fn purge_old(&self, now_ms: u64) -> usize {
        let before_ms = now_ms.saturating_sub(self.0.settings.retention_ms);
        self.purge(before_ms).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "failed to delete old jobs");
            0
        })
    }

    /// Deletes terminal jobs that ended before `before_ms`. Answers how many.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn purge(&self, before_ms: u64) -> Result<usize, EngineError> {
        let mut deleted = 0;
        loop {
            let now = self.0.store.purge(before_ms, PURGE_MAX).await?;
            deleted += now;
            if now < PURGE_MAX {
                return Ok(deleted);
            }
            tokio::task::yield_now().await;
        }
    }
}
