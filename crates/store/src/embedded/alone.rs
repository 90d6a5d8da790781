//! Commits that are written by whoever brings them.
//!
//! Most of what a lone commit costs beside its sync is two wake-ups: of the writer's thread, and
//! of the caller's when it is done. Where commits come one at a time, each is written on the
//! caller's thread. Where several come at once they are better off in one record.

use std::sync::TryLockError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::inbox::Inbox;
use super::requests::Request;
use super::writer::{Desk, Writer};

/// So many records of one request in a row, with nobody coming meanwhile, show that the store is
/// idle.
const IDLE_FROM: u32 = 8;
/// A caller's thread has other things to do: it is not held up for the sync of a disk that takes
/// longer than this, nor for more than so many bytes.
const ALONE_SYNC_MAX: Duration = Duration::from_micros(250);
const ALONE_BYTES_MAX: u64 = 64 << 10;

impl Writer {
    /// Writes a request on the caller's thread, if the writer has nothing else to do and nothing
    /// will take long. Gives it back otherwise.
    pub(super) fn alone(desk: &Desk, inbox: &Inbox, request: Request) -> Result<(), Request> {
        if !matches!(request, Request::Commit { .. } | Request::Documents { .. }) {
            return Err(request);
        }
        let mut writer = match desk.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::WouldBlock) => {
                inbox.crowd();
                return Err(request);
            }
            // Its thread will notice.
            Err(TryLockError::Poisoned(_)) => return Err(request),
        };
        if !(writer.is_calm(request.bytes()) && inbox.is_quiet()) {
            return Err(request);
        }
        writer.write_group(vec![request]);
        writer.note_crowd(inbox);
        let is_calm = writer.is_calm(0);
        drop(writer);
        if !is_calm {
            inbox.nudge();
        }
        Ok(())
    }

    /// Whether a request of so many bytes would be written at once, and nothing else is to be
    /// looked after.
    fn is_calm(&self, bytes: u64) -> bool {
        self.singles >= IDLE_FROM
            && self.record_takes < ALONE_SYNC_MAX
            && bytes <= ALONE_BYTES_MAX
            && self.log.fits(bytes + ALONE_BYTES_MAX)
            && self.takes_rows()
            && !self.has_rows()
            && self.checkpoint_again.is_none()
            && !self.is_checkpoint_due()
            && !self.shared.closed.load(Ordering::Acquire)
    }

    /// Notes how much there is to do and how long it takes.
    pub(super) fn note_pace(&mut self, requests: usize, took: Duration) {
        match requests {
            // Rows only.
            0 => {}
            1 => self.singles = self.singles.saturating_add(1),
            _ => self.singles = 0,
        }
        self.record_takes = (self.record_takes * 7 + took) / 8;
    }

    /// Notes whether others came meanwhile: they are better off with a record in common.
    pub(super) fn note_crowd(&mut self, inbox: &Inbox) {
        if inbox.was_crowded() {
            self.singles = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use avtomatika_engine::blueprint::DocumentKey;
    use avtomatika_engine::storage::{DocumentChange, Store as _, StoreError, TaskChange};
    use serde_json::json;

    use super::super::codec::Encoded;
    use super::super::faults_tests::{NOW_MS, new};
    use super::super::{Embedded, EmbeddedOptions};
    use super::*;

    fn open(dir: &tempfile::TempDir) -> Embedded {
        Embedded::open(EmbeddedOptions::new(dir.path()), NOW_MS).unwrap()
    }

    type Answered = tokio::sync::oneshot::Receiver<Result<(), StoreError>>;

    fn commit(number: u128) -> (Request, Answered) {
        let batch = Encoded::new(new(number, &number.to_string())).unwrap();
        let (reply, answer) = tokio::sync::oneshot::channel();
        let batch = Box::new(batch);
        (Request::Commit { batch, reply }, answer)
    }

    /// As if it had been idle for long, on a fast disk.
    fn calm(store: &Embedded) {
        loop {
            let mut writer = store.desk.lock().unwrap();
            writer.singles = IDLE_FROM;
            writer.record_takes = Duration::ZERO;
            store.inbox.was_crowded();
            if store.inbox.is_quiet() {
                return;
            }
            drop(writer);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn alone(store: &Embedded, request: Request) -> bool {
        Writer::alone(&store.desk, &store.inbox, request).is_ok()
    }

    #[tokio::test]
    async fn a_lone_commit_is_done_when_its_caller_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir);
        let (request, mut answer) = commit(1);
        assert!(!alone(&store, request), "it has just been opened");
        assert!(answer.try_recv().is_err());
        store.commit(new(1, "1")).await.unwrap();
        calm(&store);
        let (request, mut answer) = commit(2);
        assert!(alone(&store, request));
        assert!(matches!(answer.try_recv(), Ok(Ok(()))));
        // What it leaves is what the thread goes on from.
        store.commit(new(3, "3")).await.unwrap();
        store.close().await.unwrap();
        calm_is_over(&store);
        drop(store);
        let store = open(&dir);
        assert_eq!(store.jobs_of(&"c".into(), 9, 0).await.unwrap().len(), 3);
    }

    fn calm_is_over(store: &Embedded) {
        let (request, _answer) = commit(9);
        assert!(!alone(store, request), "it is closed");
    }

    #[tokio::test]
    async fn nobody_is_held_up_by_a_slow_disk_or_a_large_commit_or_keeps_others_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir);
        store.commit(new(1, "1")).await.unwrap();
        calm(&store);
        store.desk.lock().unwrap().record_takes = ALONE_SYNC_MAX;
        assert!(!alone(&store, commit(2).0));
        calm(&store);
        let mut large = new(2, "2");
        for change in &mut large.tasks {
            if let TaskChange::Add(task, _) = change {
                task.params = "x".repeat(ALONE_BYTES_MAX as usize);
            }
        }
        let (reply, _answer) = tokio::sync::oneshot::channel();
        let batch = Box::new(Encoded::new(large).unwrap());
        assert!(!alone(&store, Request::Commit { batch, reply }));
        calm(&store);
        let (reply, _answer) = tokio::sync::oneshot::channel();
        let changes = vec![DocumentChange {
            key: DocumentKey::new("s", "k"),
            from_version: 0,
            value: Some(json!(["x".repeat(ALONE_BYTES_MAX as usize)])),
        }];
        assert!(!alone(&store, Request::Documents { changes, reply }));
        calm(&store);
        let writer = store.desk.lock().unwrap();
        assert!(!alone(&store, commit(3).0), "somebody else is at it");
        drop(writer);
        let (request, mut answer) = commit(4);
        assert!(alone(&store, request));
        assert!(matches!(answer.try_recv(), Ok(Ok(()))));
        assert!(!alone(&store, commit(5).0), "several came at once");
    }

    #[tokio::test]
    async fn a_panic_in_the_middle_of_a_commit_closes_the_store() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir);
        store.commit(new(1, "1")).await.unwrap();
        let desk = Arc::clone(&store.desk);
        let panicked = std::thread::spawn(move || {
            let _writer = desk.lock().unwrap();
            panic!("a test's");
        });
        assert!(panicked.join().is_err());
        let refused = store.commit(new(2, "2")).await;
        assert!(matches!(refused, Err(StoreError::Closed)), "{refused:?}");
        let closed = store.close().await;
        assert!(
            matches!(closed, Err(StoreError::Broken { .. })),
            "{closed:?}"
        );
        // It has let go of the file.
        let again = open(&dir);
        let jobs = again.jobs_of(&"c".into(), 9, 0).await.unwrap();
        assert_eq!(jobs.len(), 1);
    }
}
