//! What waits for the writer.
//!
//! Whoever commits is asleep until the writer has answered, so the writer is woken for commits. A
//! hand-out wakes nobody: the writer looks by itself, soon enough.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use avtomatika_engine::lock::Mutex;
use avtomatika_engine::storage::StoreError;
use avtomatika_protocol::TaskId;
use tokio::sync::Semaphore;

use super::LEASE_FLUSH_MS;
use super::requests::Request;

/// Requests that may wait for the writer; more wait to be let in.
const REQUESTS_MAX: usize = 8_192;
/// Changed queue rows that may wait to be written; while the disk fails more go unwritten, and
/// after a crash those tasks are handed out once more.
const ROWS_MAX: usize = 65_536;
/// Rows that go into one record.
const ROWS_AT_ONCE: usize = 1_024;
/// The longest time a changed queue row stays unwritten, and the time after which it goes along:
/// nobody is woken for each row by itself.
const ROWS_WAIT: Duration = Duration::from_millis(LEASE_FLUSH_MS);
const ROWS_SETTLE: Duration = Duration::from_millis(LEASE_FLUSH_MS / 2);

/// What waits for the writer, and the writer waiting for it.
pub(super) struct Inbox {
    places: Semaphore,
    waiting: Mutex<Waiting>,
    more: Condvar,
    /// Somebody came while the writer was busy.
    crowded: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    requests: VecDeque<Request>,
    /// Tasks whose queue rows have changed in memory only, and since when.
    rows: VecDeque<(Instant, TaskId)>,
    /// Up to where the outbox may be deleted, and since when.
    forget_outbox: Option<(Instant, u64)>,
    /// A checkpoint has ended.
    nudged: bool,
    /// Nobody is left to ask.
    hung_up: bool,
    /// The writer has gone.
    closed: bool,
    sleeps: Sleeps,
}

/// How the writer sleeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sleeps {
    /// It doesn't.
    #[default]
    Awake,
    /// Until somebody asks, or until it looks again by itself.
    UntilRequests,
    /// Until anything happens.
    UntilAnything,
}

/// How the writer wants to be given its work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// When it has something to look at by itself.
    pub(super) look_at: Option<Instant>,
    /// Whether queue rows can be written now.
    pub(super) takes_rows: bool,
}

/// What the writer is given.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// There are requests, or rows are due.
    Work,
    /// Something other than a request wants its attention.
    Look,
    /// Nobody is left to ask.
    End,
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            places: Semaphore::new(REQUESTS_MAX),
            waiting: Mutex::default(),
            more: Condvar::new(),
            crowded: AtomicBool::new(false),
        }
    }
}

impl Inbox {
    /// Puts a request in, once there is a place for it.
    ///
    /// # Errors
    /// When the writer has gone.
    pub(super) async fn put(&self, request: Request) -> Result<(), StoreError> {
        let place = self
            .places
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?;
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return Err(StoreError::Closed);
        }
        place.forget();
        waiting.requests.push_back(request);
        self.wake(waiting, true);
        Ok(())
    }

    /// Whether nobody waits for the writer, and it for nobody.
    pub(super) fn is_quiet(&self) -> bool {
        let waiting = self.waiting.lock();
        waiting.requests.is_empty() && !waiting.closed && waiting.sleeps != Sleeps::Awake
    }

    /// Notes that somebody came while the writer was busy.
    pub(super) fn crowd(&self) {
        self.crowded.store(true, Ordering::Relaxed);
    }

    /// Whether somebody did, since this was asked last.
    pub(super) fn was_crowded(&self) -> bool {
        self.crowded.swap(false, Ordering::Relaxed)
    }

    /// Has the rows of these tasks written soon, as they are then.
    pub(super) fn put_rows(&self, tasks: impl IntoIterator<Item = TaskId>) {
        let now = Instant::now();
        let mut waiting = self.waiting.lock();
        for task in tasks {
            if waiting.rows.len() < ROWS_MAX {
                waiting.rows.push_back((now, task));
            } else {
                tracing::debug!(%task, "a hand-out stays unwritten, the writer is busy");
            }
        }
        let wanted = waiting.sleeps == Sleeps::UntilAnything;
        self.wake(waiting, wanted);
    }

    /// Has the outbox deleted up to a number, with the next record.
    ///
    /// # Errors
    /// When the writer has gone.
    pub(super) fn put_forget_outbox(&self, up_to: u64) -> Result<(), StoreError> {
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return Err(StoreError::Closed);
        }
        let (since, before) = waiting.forget_outbox.unwrap_or((Instant::now(), 0));
        waiting.forget_outbox = Some((since, up_to.max(before)));
        let wanted = waiting.sleeps == Sleeps::UntilAnything;
        self.wake(waiting, wanted);
        Ok(())
    }

    /// Tells the writer that a checkpoint has ended.
    pub(super) fn nudge(&self) {
        let mut waiting = self.waiting.lock();
        waiting.nudged = true;
        self.wake(waiting, true);
    }

    /// Tells the writer that nobody will ask any more.
    pub(super) fn hang_up(&self) {
        let mut waiting = self.waiting.lock();
        waiting.hung_up = true;
        self.wake(waiting, true);
    }

    /// Wakes the writer, once for each time it sleeps. Not before the lock is open again: it would
    /// only meet it.
    fn wake(&self, mut waiting: MutexGuard<'_, Waiting>, wanted: bool) {
        let wanted = wanted && waiting.sleeps != Sleeps::Awake;
        if wanted {
            waiting.sleeps = Sleeps::Awake;
        }
        drop(waiting);
        if wanted {
            self.more.notify_one();
        }
    }

    fn sleep<'a>(
        &self,
        waiting: MutexGuard<'a, Waiting>,
        until: Option<Instant>,
    ) -> MutexGuard<'a, Waiting> {
        let Some(until) = until else {
            let woken = self.more.wait(waiting);
            return woken.unwrap_or_else(PoisonError::into_inner);
        };
        let left = until.saturating_duration_since(Instant::now());
        let woken = self.more.wait_timeout(waiting, left);
        woken.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The writer's end. When it is dropped, whoever waits or comes later is told that the store is
/// closed.
pub(super) struct Outlet {
    inbox: Arc<Inbox>,
    /// What did not fit into the last record.
    taken: VecDeque<Request>,
}

impl Outlet {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        let taken = VecDeque::new();
        Self { inbox, taken }
    }

    /// The other end.
    pub(super) fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Waits for something to do.
    pub(super) fn wait(&self, pace: Pace) -> Woken {
        if !self.taken.is_empty() {
            return Woken::Work;
        }
        let mut waiting = self.inbox.waiting.lock();
        // Light sleep for a while after each piece of work, so that what follows from it (its
        // task is handed out) need not wake anybody.
        let light_until = Instant::now() + ROWS_WAIT;
        loop {
            let now = Instant::now();
            if std::mem::take(&mut waiting.nudged) {
                return Woken::Look;
            }
            let work_at = waiting.work_at(&pace, now);
            if work_at.is_some_and(|at| at <= now) {
                return Woken::Work;
            }
            if waiting.hung_up && waiting.requests.is_empty() {
                return Woken::End;
            }
            if pace.look_at.is_some_and(|at| at <= now) {
                return Woken::Look;
            }
            let light = (light_until > now).then_some(light_until);
            let times = [work_at, pace.look_at, light];
            let until = times.into_iter().flatten().min();
            waiting.sleeps = match until {
                Some(_) => Sleeps::UntilRequests,
                None => Sleeps::UntilAnything,
            };
            waiting = self.inbox.sleep(waiting, until);
            waiting.sleeps = Sleeps::Awake;
        }
    }

    /// Takes requests in the order they came: at most so many, and no more once they are so many
    /// bytes.
    pub(super) fn take_requests(&mut self, max: usize, bytes_max: u64) -> Vec<Request> {
        if self.taken.is_empty() {
            // The lock is held for no longer than that.
            std::mem::swap(&mut self.taken, &mut self.inbox.waiting.lock().requests);
            self.inbox.places.add_permits(self.taken.len());
        }
        let mut bytes = 0;
        let fits = |request: &&Request| {
            let fits = bytes < bytes_max;
            bytes += request.bytes();
            fits
        };
        let count = self.taken.iter().take(max).take_while(fits).count();
        self.taken.drain(..count).collect()
    }

    /// Takes tasks whose rows have waited for a while, or `all` that wait, and up to where the
    /// outbox may be deleted.
    pub(super) fn take_rows(&self, all: bool) -> (Vec<TaskId>, Option<u64>) {
        let mut waiting = self.inbox.waiting.lock();
        let now = Instant::now();
        let mut rows = Vec::new();
        while let Some((since, task)) = waiting.rows.front()
            && (all || *since + ROWS_SETTLE <= now && rows.len() < ROWS_AT_ONCE)
        {
            rows.push(*task);
            waiting.rows.pop_front();
        }
        let forget_outbox = waiting.forget_outbox.take().map(|(_, up_to)| up_to);
        (rows, forget_outbox)
    }
}

impl Waiting {
    /// When a record is to be written.
    fn work_at(&self, pace: &Pace, now: Instant) -> Option<Instant> {
        let rows = self.rows.front().map(|(since, _)| *since + ROWS_WAIT);
        let outbox = self.forget_outbox.map(|(since, _)| since + ROWS_WAIT);
        let rows = [rows, outbox].into_iter().flatten().min();
        if !self.requests.is_empty() {
            return Some(now);
        }
        rows.filter(|_| pace.takes_rows)
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.inbox.places.close();
        let mut waiting = self.inbox.waiting.lock();
        waiting.closed = true;
        let left = std::mem::take(&mut waiting.requests);
        drop(waiting);
        // Their callers learn it by the loss of their answers.
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_once() -> Pace {
        Pace {
            look_at: None,
            takes_rows: true,
        }
    }

    fn forget() -> (
        Request,
        tokio::sync::oneshot::Receiver<Result<(), StoreError>>,
    ) {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let workers = Vec::new();
        let rows = Vec::new();
        let request = Request::Forget {
            workers,
            rows,
            reply,
        };
        (request, answer)
    }

    fn task(number: u128) -> TaskId {
        TaskId(uuid::Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn requests_come_at_once_and_in_order_and_rows_when_they_are_due() {
        let inbox = Arc::new(Inbox::default());
        let mut outlet = Outlet::new(Arc::clone(&inbox));
        let begun = Instant::now();
        inbox.put_rows([task(1), task(2)]);
        inbox.put(forget().0).await.unwrap();
        assert_eq!(outlet.wait(at_once()), Woken::Work);
        assert_eq!(outlet.take_requests(10, 1).len(), 1);
        let (mut rows, _) = outlet.take_rows(false);
        assert!(rows.is_empty() || begun.elapsed() >= ROWS_SETTLE, "early");
        inbox.put_forget_outbox(7).unwrap();
        inbox.put_forget_outbox(5).unwrap();
        assert_eq!(outlet.wait(at_once()), Woken::Work);
        assert!(begun.elapsed() >= ROWS_WAIT);
        let (late, forget_outbox) = outlet.take_rows(false);
        rows.extend(late);
        assert_eq!((rows, forget_outbox), (vec![task(1), task(2)], Some(7)));
    }

    #[tokio::test]
    async fn a_row_wakes_who_sleeps_for_long() {
        let inbox = Arc::new(Inbox::default());
        let outlet = Outlet::new(Arc::clone(&inbox));
        let writer = std::thread::spawn(move || outlet.wait(at_once()));
        while inbox.waiting.lock().sleeps != Sleeps::UntilAnything {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let begun = Instant::now();
        inbox.put_rows([task(1)]);
        assert_eq!(writer.join().unwrap(), Woken::Work);
        assert!(begun.elapsed() >= ROWS_WAIT);
    }

    #[tokio::test]
    async fn whoever_asks_when_the_writer_has_gone_is_told_so() {
        let inbox = Arc::new(Inbox::default());
        let outlet = Outlet::new(Arc::clone(&inbox));
        let (request, answer) = forget();
        inbox.put(request).await.unwrap();
        drop(outlet);
        assert!(answer.await.is_err());
        assert!(matches!(
            inbox.put(forget().0).await,
            Err(StoreError::Closed)
        ));
        assert!(matches!(
            inbox.put_forget_outbox(1),
            Err(StoreError::Closed)
        ));
        assert!(inbox.waiting.lock().requests.is_empty());
    }

    #[test]
    fn the_writer_ends_when_nobody_is_left_and_all_is_done() {
        let inbox = Arc::new(Inbox::default());
        let outlet = Outlet::new(Arc::clone(&inbox));
        inbox.hang_up();
        assert_eq!(outlet.wait(at_once()), Woken::End);
        inbox.nudge();
        assert_eq!(outlet.wait(at_once()), Woken::Look);
        assert_eq!(outlet.wait(at_once()), Woken::End);
    }
}
