//! Polls that wait for a task. They are woken one by one as tasks become ready, never scanned.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::lock::Mutex;
use avtomatika_protocol::WorkerId;
use tokio::sync::Notify;

use super::choice::choose;
use super::poll::Handout;
use crate::blueprint::Wants;
use crate::storage::{Profile, Standing};

/// Lines that are kept whether anybody stands in them or not.
const LINES_MIN: usize = 64;

/// Waiters a strategy chooses among: the longest waiting ones that suit.
const CANDIDATES_MAX: usize = 64;

/// The parked polls.
#[derive(Default)]
pub(super) struct Parking(Mutex<Lot>);

#[derive(Default)]
struct Lot {
    next: u64,
    /// How many lines there may be before those nobody stands in are cleared away.
    lines_max: usize,
    waiters: HashMap<u64, Waiter>,
    /// Waiters by type, longest waiting first. May name waiters that have left.
    by_type: HashMap<Arc<str>, VecDeque<u64>>,
    by_worker: HashMap<WorkerId, Vec<u64>>,
}

struct Waiter {
    worker: WorkerId,
    types: Arc<[Arc<str>]>,
    offer: Offer,
    slot: Arc<Slot>,
}

/// What a waiting worker has, when one is to be chosen among several.
#[derive(Clone, Debug, Default)]
pub(super) struct Offer {
    pub(super) standing: Standing,
    /// How many tasks it has.
    pub(super) leased: usize,
}

#[derive(Default)]
struct Slot {
    notify: Notify,
    /// What this waiter was woken for, until it has looked.
    woken_for: Mutex<Option<Ready>>,
}

/// A ready task, as far as those who wait need to know.
#[derive(Clone, Debug)]
struct Ready {
    task_type: Arc<str>,
    /// What it wants of its worker beyond the type.
    wants: Option<Arc<Wants>>,
    /// The only worker that may have it.
    worker: Option<WorkerId>,
}

/// A place in the lot. Leaving it hands an unused wake-up to the next waiter.
pub(super) struct Parked<'a> {
    parking: &'a Parking,
    id: u64,
    slot: Arc<Slot>,
}

/// A wake-up for one ready task. Dropped before it is [`Wake::spent`], for whatever reason, it
/// goes to the next who waits for such a task.
pub(super) struct Wake<'a> {
    parking: &'a Parking,
    ready: Option<Ready>,
}

impl Parking {
    /// Parks a poll for these types.
    pub(super) fn park(
        &self,
        worker: &WorkerId,
        types: Arc<[Arc<str>]>,
        offer: Offer,
    ) -> Parked<'_> {
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
                offer,
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
    /// tied to one. Among those that have what the task wants its strategy chooses.
    pub(super) fn wake(
        &self,
        task_type: &Arc<str>,
        wants: Option<&Arc<Wants>>,
        worker: Option<&WorkerId>,
    ) {
        let mut lot = self.0.lock();
        let id = match (worker, wants) {
            (Some(worker), _) => lot.waiter_of(worker, task_type),
            (None, None) => lot.longest_waiting(task_type),
            (None, Some(wants)) => lot.best_waiting(task_type, wants),
        };
        if let Some(waiter) = id.and_then(|id| lot.leave(id)) {
            *waiter.slot.woken_for.lock() = Some(Ready {
                task_type: Arc::clone(task_type),
                wants: wants.cloned(),
                worker: worker.cloned(),
            });
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

    /// Notes that a worker has one task more, so that its parked polls need not look.
    pub(super) fn engaged(&self, worker: &WorkerId) {
        self.0.lock().offers_of(worker, |offer| offer.leased += 1);
    }

    /// Notes that a worker has one task less. Only polls that wait for room are woken: for the
    /// others nothing has become ready by that.
    pub(super) fn freed(&self, worker: &WorkerId) {
        let mut lot = self.0.lock();
        lot.offers_of(worker, |offer| {
            offer.leased = offer.leased.saturating_sub(1);
        });
        let ids = lot.by_worker.get(worker);
        let waits_for_room = |id: &&u64| {
            let waiter = lot.waiters.get(*id);
            waiter.is_some_and(Waiter::waits_for_room)
        };
        let ids: Vec<u64> = ids
            .into_iter()
            .flatten()
            .filter(waits_for_room)
            .copied()
            .collect();
        for id in ids {
            if let Some(waiter) = lot.leave(id) {
                waiter.slot.notify.notify_one();
            }
        }
    }

    /// How many polls are parked.
    pub(super) fn len(&self) -> usize {
        self.0.lock().waiters.len()
    }
}

impl Waiter {
    /// Whether its worker could take more types, or anything at all, if it had a task less.
    fn waits_for_room(&self) -> bool {
        self.types.is_empty() || !self.offer.standing.full_of.is_empty()
    }
}

impl Lot {
    fn offers_of(&mut self, worker: &WorkerId, change: impl Fn(&mut Offer)) {
        for id in self.by_worker.get(worker).into_iter().flatten() {
            if let Some(waiter) = self.waiters.get_mut(id) {
                change(&mut waiter.offer);
            }
        }
    }

    fn queue(&mut self, task_type: &Arc<str>, id: u64) {
        if let Some(queue) = self.by_type.get_mut(task_type) {
            // Those who left stay in the line until they are met; where nobody is woken for a
            // type they would pile up, so the line is swept when it doubles.
            if queue.len() > 64 && queue.len() > 2 * self.waiters.len() {
                queue.retain(|waiting| self.waiters.contains_key(waiting));
            }
            queue.push_back(id);
        } else {
            self.clear_lines();
            self.by_type
                .insert(Arc::clone(task_type), VecDeque::from([id]));
        }
    }

    /// Workers name the types they take, so there may be any number of lines over time.
    fn clear_lines(&mut self) {
        if self.by_type.len() < self.lines_max.max(LINES_MIN) {
            return;
        }
        let waiters = &self.waiters;
        self.by_type.retain(|_, line| {
            line.retain(|waiting| waiters.contains_key(waiting));
            !line.is_empty()
        });
        self.lines_max = 2 * self.by_type.len();
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

    /// The waiter a strategy prefers among the longest waiting of those that suit.
    fn best_waiting(&self, task_type: &Arc<str>, wants: &Wants) -> Option<u64> {
        let line = self.by_type.get(task_type)?;
        let suits = |id: &u64| {
            let waiter = self.waiters.get(id)?;
            let profile = &waiter.offer.standing.profile;
            let fits = profile.suits(task_type, wants);
            fits.then_some((*id, &waiter.offer))
        };
        let candidates: Vec<(u64, &Offer)> =
            line.iter().filter_map(suits).take(CANDIDATES_MAX).collect();
        choose(task_type, wants.strategy, &candidates)
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

impl<'a> Parked<'a> {
    /// Waits to be woken.
    pub(super) async fn woken(&self) {
        self.slot.notify.notified().await;
    }

    /// What it was woken for, if it was for a task.
    pub(super) fn take_wake(&self) -> Option<Wake<'a>> {
        let ready = self.slot.woken_for.lock().take()?;
        Some(Wake {
            parking: self.parking,
            ready: Some(ready),
        })
    }
}

impl Wake<'_> {
    /// Whether such a task is what it was for. One of the same type that wants something else is
    /// not: those who can do the one need not be able to do the other.
    pub(super) fn was_for(&self, handout: &Handout) -> bool {
        self.ready.as_ref().is_some_and(|ready| {
            handout.is_such(
                &ready.task_type,
                ready.wants.as_deref(),
                ready.worker.is_some(),
            )
        })
    }

    /// Whether its task is one that a worker of these types with this profile would have found.
    pub(super) fn is_within(&self, types: &[Arc<str>], profile: &Profile) -> bool {
        self.ready.as_ref().is_some_and(|ready| {
            let suits = |wants: &Arc<Wants>| profile.suits(&ready.task_type, wants);
            types.contains(&ready.task_type) && ready.wants.as_ref().is_none_or(suits)
        })
    }

    /// Its task has been taken; nobody else need look for it.
    pub(super) fn spent(mut self) {
        self.ready = None;
    }
}

impl Drop for Wake<'_> {
    fn drop(&mut self) {
        if let Some(ready) = self.ready.take() {
            self.parking.wake(
                &ready.task_type,
                ready.wants.as_ref(),
                ready.worker.as_ref(),
            );
        }
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.parking.0.lock().leave(self.id);
        drop(self.take_wake());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(names: &[&str]) -> Arc<[Arc<str>]> {
        names.iter().map(|name| Arc::from(*name)).collect()
    }

    fn is_for(wake: &Wake<'_>, tied: bool) -> bool {
        let ready = wake.ready.as_ref().unwrap();
        *ready.task_type == *"t" && ready.worker.is_some() == tied
    }

    #[tokio::test]
    async fn the_longest_waiting_is_woken_first() {
        let parking = Parking::default();
        let first = parking.park(&"a".into(), types(&["t"]), Offer::default());
        let second = parking.park(&"b".into(), types(&["t"]), Offer::default());
        parking.wake(&"t".into(), None, None);
        first.woken().await;
        assert!(is_for(&first.take_wake().unwrap(), false));
        assert_eq!(parking.len(), 0, "what it didn't use went to the second");
        second.woken().await;
        second.take_wake().unwrap().spent();
        let first = parking.park(&"a".into(), types(&["t"]), Offer::default());
        let second = parking.park(&"b".into(), types(&["t"]), Offer::default());
        parking.wake(&"t".into(), None, None);
        first.woken().await;
        first.take_wake().unwrap().spent();
        assert!(second.take_wake().is_none());
        assert_eq!(parking.len(), 1);
    }

    #[tokio::test]
    async fn only_those_who_wait_for_room_are_woken_by_it() {
        let parking = Parking::default();
        let worker = "a".into();
        let offer = Offer {
            leased: 1,
            ..Offer::default()
        };
        let idle = parking.park(&worker, types(&["t"]), offer.clone());
        let full = parking.park(&worker, types(&[]), offer);
        parking.engaged(&worker);
        parking.freed(&worker);
        parking.freed(&worker);
        full.woken().await;
        assert_eq!(parking.len(), 1);
        let leased = parking.0.lock().waiters[&idle.id].offer.leased;
        assert_eq!(leased, 0);
        parking.wake_worker(&worker);
        idle.woken().await;
    }

    #[tokio::test]
    async fn a_wake_up_nobody_used_goes_to_the_next() {
        let parking = Parking::default();
        let gone = parking.park(&"a".into(), types(&["t"]), Offer::default());
        let next = parking.park(&"b".into(), types(&["t"]), Offer::default());
        parking.wake(&"t".into(), None, None);
        drop(gone);
        next.woken().await;
        assert!(is_for(&next.take_wake().unwrap(), false));
    }

    #[tokio::test]
    async fn an_unused_wake_up_for_a_tied_task_stays_with_its_worker() {
        let parking = Parking::default();
        let other = parking.park(&"a".into(), types(&["t"]), Offer::default());
        let gone = parking.park(&"b".into(), types(&["t"]), Offer::default());
        let own = parking.park(&"b".into(), types(&["t"]), Offer::default());
        parking.wake(&"t".into(), None, Some(&"b".into()));
        gone.woken().await;
        drop(gone);
        own.woken().await;
        assert!(is_for(&own.take_wake().unwrap(), true));
        assert!(other.take_wake().is_none());
    }

    #[tokio::test]
    async fn a_tied_task_wakes_only_its_worker() {
        let parking = Parking::default();
        let other = parking.park(&"a".into(), types(&["t"]), Offer::default());
        let own = parking.park(&"b".into(), types(&["t"]), Offer::default());
        parking.wake(&"t".into(), None, Some(&"b".into()));
        own.woken().await;
        own.take_wake().unwrap().spent();
        assert!(other.take_wake().is_none());
        parking.wake(&"t".into(), None, Some(&"nobody".into()));
        assert_eq!(parking.len(), 1);
    }

    #[test]
    fn lines_do_not_grow_with_those_who_left() {
        let parking = Parking::default();
        for _ in 0..10_000 {
            drop(parking.park(&"a".into(), types(&["t"]), Offer::default()));
        }
        assert!(parking.0.lock().by_type.get("t").unwrap().len() < 100);
        assert!(parking.0.lock().by_worker.is_empty());
    }

    #[test]
    fn lines_for_types_nobody_takes_any_more_are_cleared_away() {
        let parking = Parking::default();
        let stays = parking.park(&"a".into(), types(&["t"]), Offer::default());
        for number in 0..10_000 {
            drop(parking.park(
                &"a".into(),
                types(&[&format!("type-{number}")]),
                Offer::default(),
            ));
        }
        assert!(parking.0.lock().by_type.len() <= 2 * LINES_MIN);
        parking.wake(&"t".into(), None, None);
        assert!(stays.take_wake().is_some());
    }
}
