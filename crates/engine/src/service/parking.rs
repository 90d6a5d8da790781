//! Polls that wait for a task. They are woken one by one as tasks become ready, never scanned.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use avtomatika_protocol::WorkerId;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The parked polls.
#[derive(Default)]
pub(super) struct Parking(Mutex<Lot>);

#[derive(Default)]
struct Lot {
    next: u64,
    waiters: HashMap<u64, Waiter>,
    /// Waiters by type, longest waiting first. May name waiters that have left.
    by_type: HashMap<Arc<str>, VecDeque<u64>>,
    by_worker: HashMap<WorkerId, Vec<u64>>,
}

struct Waiter {
    worker: WorkerId,
    types: Arc<[Arc<str>]>,
    slot: Arc<Slot>,
}

#[derive(Default)]
struct Slot {
    notify: Notify,
    /// The type whose ready task this waiter was woken for, until it has looked.
    woken_for: Mutex<Option<Arc<str>>>,
}

/// A place in the lot. Leaving it hands an unused wake-up to the next waiter.
pub(super) struct Parked<'a> {
    parking: &'a Parking,
    id: u64,
    slot: Arc<Slot>,
}

impl Parking {
    /// Parks a poll for these types.
    pub(super) fn park(&self, worker: &WorkerId, types: Arc<[Arc<str>]>) -> Parked<'_> {
        let mut lot = self.0.lock();
        let id = lot.next;
        lot.next += 1;
        let slot = Arc::new(Slot::default());
        for task_type in types.iter() {
            lot.queue(task_type, id);
        }
        lot.by_worker.entry(worker.clone()).or_default().push(id);
        lot.waiters.insert(
            id,
            Waiter {
                worker: worker.clone(),
                types,
                slot: Arc::clone(&slot),
            },
        );
        Parked {
            parking: self,
            id,
            slot,
        }
    }

    /// Wakes one poll for a ready task of this type, and only that worker's if the task is
    /// tied to one.
    pub(super) fn wake(&self, task_type: &Arc<str>, worker: Option<&WorkerId>) {
        let mut lot = self.0.lock();
        let id = match worker {
            Some(worker) => lot.waiter_of(worker, task_type),
            None => lot.longest_waiting(task_type),
        };
        if let Some(waiter) = id.and_then(|id| lot.leave(id)) {
            *waiter.slot.woken_for.lock() = Some(Arc::clone(task_type));
            waiter.slot.notify.notify_one();
        }
    }

    /// Wakes all polls of a worker: its capacity or its types have changed.
    pub(super) fn wake_worker(&self, worker: &WorkerId) {
        let mut lot = self.0.lock();
        for id in lot.by_worker.remove(worker).unwrap_or_default() {
            if let Some(waiter) = lot.waiters.remove(&id) {
                waiter.slot.notify.notify_one();
            }
        }
    }

    /// How many polls are parked.
    pub(super) fn len(&self) -> usize {
        self.0.lock().waiters.len()
    }
}

impl Lot {
    fn queue(&mut self, task_type: &Arc<str>, id: u64) {
        if let Some(queue) = self.by_type.get_mut(task_type) {
            // Those who left stay in the line until they are met; where nobody is woken for a
            // type they would pile up, so the line is swept when it doubles.
            if queue.len() > 64 && queue.len() > 2 * self.waiters.len() {
                queue.retain(|waiting| self.waiters.contains_key(waiting));
            }
            queue.push_back(id);
        } else {
            self.by_type
                .insert(Arc::clone(task_type), VecDeque::from([id]));
        }
    }

    fn longest_waiting(&mut self, task_type: &Arc<str>) -> Option<u64> {
        let queue = self.by_type.get_mut(task_type)?;
        while let Some(id) = queue.pop_front() {
            if self.waiters.contains_key(&id) {
                return Some(id);
            }
        }
        None
    }

    fn waiter_of(&self, worker: &WorkerId, task_type: &Arc<str>) -> Option<u64> {
        self.by_worker.get(worker)?.iter().copied().find(|id| {
            self.waiters
                .get(id)
                .is_some_and(|waiter| waiter.types.contains(task_type))
        })
    }

    fn leave(&mut self, id: u64) -> Option<Waiter> {
        let waiter = self.waiters.remove(&id)?;
        if let Some(ids) = self.by_worker.get_mut(&waiter.worker) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_worker.remove(&waiter.worker);
            }
        }
        Some(waiter)
    }
}

impl Parked<'_> {
    /// Waits to be woken.
    pub(super) async fn woken(&self) {
        self.slot.notify.notified().await;
    }

    /// The type it was woken for; from now on the caller answers for that wake-up.
    pub(super) fn take_wake(&self) -> Option<Arc<str>> {
        self.slot.woken_for.lock().take()
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.parking.0.lock().leave(self.id);
        let unused = self.take_wake();
        if let Some(task_type) = unused {
            self.parking.wake(&task_type, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(names: &[&str]) -> Arc<[Arc<str>]> {
        names.iter().map(|name| Arc::from(*name)).collect()
    }

    #[tokio::test]
    async fn the_longest_waiting_is_woken_first() {
        let parking = Parking::default();
        let first = parking.park(&"a".into(), types(&["t"]));
        let second = parking.park(&"b".into(), types(&["t"]));
        parking.wake(&"t".into(), None);
        first.woken().await;
        assert_eq!(first.take_wake().as_deref(), Some("t"));
        assert_eq!(second.take_wake(), None);
        assert_eq!(parking.len(), 1);
    }

    #[tokio::test]
    async fn a_wake_up_nobody_used_goes_to_the_next() {
        let parking = Parking::default();
        let gone = parking.park(&"a".into(), types(&["t"]));
        let next = parking.park(&"b".into(), types(&["t"]));
        parking.wake(&"t".into(), None);
        drop(gone);
        next.woken().await;
        assert_eq!(next.take_wake().as_deref(), Some("t"));
    }

    #[tokio::test]
    async fn a_tied_task_wakes_only_its_worker() {
        let parking = Parking::default();
        let other = parking.park(&"a".into(), types(&["t"]));
        let own = parking.park(&"b".into(), types(&["t"]));
        parking.wake(&"t".into(), Some(&"b".into()));
        own.woken().await;
        assert_eq!(other.take_wake(), None);
        parking.wake(&"t".into(), Some(&"nobody".into()));
        assert_eq!(parking.len(), 1);
    }

    #[test]
    fn lines_do_not_grow_with_those_who_left() {
        let parking = Parking::default();
        for _ in 0..10_000 {
            drop(parking.park(&"a".into(), types(&["t"])));
        }
        assert!(parking.0.lock().by_type.get("t").unwrap().len() < 100);
        assert!(parking.0.lock().by_worker.is_empty());
    }
}
