//! One operation a bot at a time, and places reserved before a bot exists.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Locks by name, each there only as long as somebody holds or awaits it.
#[derive(Default)]
pub(crate) struct Locks(Mutex<HashMap<String, Weak<AsyncMutex<()>>>>);

impl Locks {
    /// Waits for this name's turn.
    pub(crate) async fn lock(&self, name: &str) -> OwnedMutexGuard<()> {
        self.get(name).lock_owned().await
    }

    /// Takes the lock only if nobody has it.
    pub(crate) fn try_lock(&self, name: &str) -> Option<OwnedMutexGuard<()>> {
        self.get(name).try_lock_owned().ok()
    }

    fn get(&self, name: &str) -> Arc<AsyncMutex<()>> {
        let mut locks = self.0.lock();
        if let Some(lock) = locks.get(name).and_then(Weak::upgrade) {
            return lock;
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::new(AsyncMutex::new(()));
        locks.insert(name.to_owned(), Arc::downgrade(&lock));
        lock
    }
}

/// Bots that are being started, by user.
#[derive(Default)]
pub(crate) struct Reservations {
    /// Held while somebody counts and reserves, so two can't take the last place.
    pub(crate) counting: AsyncMutex<()>,
    taken: Arc<Mutex<HashMap<String, HashSet<String>>>>,
}

/// A place taken; given back when dropped.
pub(crate) struct Reservation {
    taken: Arc<Mutex<HashMap<String, HashSet<String>>>>,
    user_id: String,
    bot_id: String,
}

impl Reservations {
    /// The bots of this user that are being started. Ask *before* listing containers: a place
    /// given back since then has its container in the list.
    pub(crate) fn of(&self, user_id: &str) -> HashSet<String> {
        self.taken.lock().get(user_id).cloned().unwrap_or_default()
    }

    /// Takes a place.
    pub(crate) fn take(&self, user_id: &str, bot_id: &str) -> Reservation {
        self.taken
            .lock()
            .entry(user_id.to_owned())
            .or_default()
            .insert(bot_id.to_owned());
        Reservation {
            taken: Arc::clone(&self.taken),
            user_id: user_id.to_owned(),
            bot_id: bot_id.to_owned(),
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut taken = self.taken.lock();
        if let Some(bots) = taken.get_mut(&self.user_id) {
            bots.remove(&self.bot_id);
            if bots.is_empty() {
                taken.remove(&self.user_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_is_locked_once_and_others_are_free() {
        let locks = Locks::default();
        let held = locks.lock("a").await;
        assert!(locks.try_lock("a").is_none());
        assert!(locks.try_lock("b").is_some());
        drop(held);
        assert!(locks.try_lock("a").is_some());
    }

    #[test]
    fn a_place_is_given_back() {
        let places = Reservations::default();
        let place = places.take("u", "b");
        assert!(places.of("u").contains("b"));
        drop(place);
        assert!(places.of("u").is_empty());
    }
}
