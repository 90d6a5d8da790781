//! Places for what stays open for long: so many in all, so many of one owner, and so much memory for
//! what their owner has not read yet.

use std::collections::HashMap;
use std::sync::Arc;

use avtomatika_engine::names;
use axum::http::StatusCode;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ApiError;

/// The places of one kind.
pub(crate) struct Seats {
    /// What stays open, as limits are named in metrics.
    what: &'static str,
    all_max: usize,
    each_max: usize,
    /// What may lie unread for one owner, bytes.
    unread_max: u32,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    each: HashMap<String, Owned>,
}

/// What one owner has.
struct Owned {
    places: usize,
    /// A permit for each byte that may lie unread.
    unread: Arc<Semaphore>,
}

/// A place, free again when dropped.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    owner: String,
    unread: Arc<Semaphore>,
}

/// Room for something that has not been read yet; free again when dropped.
pub(crate) type Room = OwnedSemaphorePermit;

impl Seats {
    pub(crate) fn new(
        what: &'static str,
        all_max: usize,
        each_max: usize,
        unread_max: u32,
    ) -> Arc<Self> {
        Arc::new(Self {
            what,
            all_max,
            each_max,
            unread_max,
            taken: Mutex::default(),
        })
    }

    /// Takes a place.
    ///
    /// # Errors
    /// 503 if there is none, 429 if the owner has as many as it may.
    pub(crate) fn take(self: &Arc<Self>, owner: &str) -> Result<Seat, ApiError> {
        let mut taken = self.taken.lock();
        let all = taken.all;
        let own = taken.each.get(owner).map_or(0, |own| own.places);
        let refused = if own >= self.each_max {
            Some((StatusCode::TOO_MANY_REQUESTS, "of this client"))
        } else if all >= self.all_max {
            Some((StatusCode::SERVICE_UNAVAILABLE, "on this server"))
        } else {
            None
        };
        if let Some((status, whose)) = refused {
            metrics::counter!(names::LIMIT_HIT, "limit" => self.what).increment(1);
            let text = format!("too many {} are open {whose}", self.what);
            return Err(ApiError::new(status, "TOO_MANY_STREAMS", text).retry_after_s(5));
        }
        taken.all += 1;
        let own = taken.each.entry(owner.to_owned()).or_insert_with(|| Owned {
            places: 0,
            unread: Arc::new(Semaphore::new(self.unread_max as usize)),
        });
        own.places += 1;
        let unread = Arc::clone(&own.unread);
        Ok(Seat {
            seats: Arc::clone(self),
            owner: owner.to_owned(),
            unread,
        })
    }
}

impl Seat {
    /// Room for so many bytes, if there is any now. What takes more than all there is gets all.
    pub(crate) fn try_room(&self, bytes: usize) -> Option<Room> {
        let unread = Arc::clone(&self.unread);
        unread.try_acquire_many_owned(self.permits(bytes)).ok()
    }

    /// Room for so many bytes, once there is any.
    pub(crate) async fn room(&self, bytes: usize) -> Option<Room> {
        let unread = Arc::clone(&self.unread);
        unread.acquire_many_owned(self.permits(bytes)).await.ok()
    }

    fn permits(&self, bytes: usize) -> u32 {
        let max = self.seats.unread_max;
        u32::try_from(bytes).map_or(max, |bytes| bytes.min(max))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        taken.all = taken.all.saturating_sub(1);
        let Some(own) = taken.each.get_mut(&self.owner) else {
            return;
        };
        own.places = own.places.saturating_sub(1);
        if own.places == 0 {
            taken.each.remove(&self.owner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_each_and_in_all_and_come_back() {
        let seats = Seats::new("streams", 3, 2, 10);
        let a = seats.take("a").unwrap();
        let _a = seats.take("a").unwrap();
        let status = |taken: Result<Seat, ApiError>| taken.err().unwrap().status().as_u16();
        assert_eq!(status(seats.take("a")), 429);
        let b = seats.take("b").unwrap();
        assert_eq!(status(seats.take("c")), 503);
        drop(a);
        let _a = seats.take("a").unwrap();
        drop(b);
        let _c = seats.take("c").unwrap();
        assert_eq!(seats.taken.lock().each.len(), 2);
    }

    #[tokio::test]
    async fn what_lies_unread_is_bounded_for_each_owner() {
        let seats = Seats::new("streams", 9, 9, 10);
        let [one, two] = [(); 2].map(|()| seats.take("a").unwrap());
        let other = seats.take("b").unwrap();
        let room = one.try_room(7).unwrap();
        assert!(two.try_room(4).is_none());
        assert!(other.try_room(10).is_some());
        drop(room);
        // More than there is takes all there is.
        let all = two.room(1_000).await.unwrap();
        assert!(one.try_room(1).is_none());
        drop(all);
        assert!(one.try_room(10).is_some());
    }
}
