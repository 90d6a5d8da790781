//! Places for what stays open for long: so many in all, so many of one owner.

use std::collections::HashMap;
use std::sync::Arc;

use avtomatika_engine::names;
use axum::http::StatusCode;
use parking_lot::Mutex;

use super::ApiError;

/// The places of one kind.
pub(crate) struct Seats {
    /// What stays open, as limits are named in metrics.
    what: &'static str,
    all_max: usize,
    each_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    each: HashMap<String, usize>,
}

/// A place, free again when dropped.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    owner: String,
}

impl Seats {
    pub(crate) fn new(what: &'static str, all_max: usize, each_max: usize) -> Arc<Self> {
        Arc::new(Self {
            what,
            all_max,
            each_max,
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
        let own = taken.each.get(owner).copied().unwrap_or_default();
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
        taken.each.insert(owner.to_owned(), own + 1);
        Ok(Seat {
            seats: Arc::clone(self),
            owner: owner.to_owned(),
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        taken.all = taken.all.saturating_sub(1);
        let left = taken.each.get(&self.owner).map_or(0, |own| own - 1);
        if left == 0 {
            taken.each.remove(&self.owner);
        } else {
            taken.each.insert(self.owner.clone(), left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_each_and_in_all_and_come_back() {
        let seats = Seats::new("streams", 3, 2);
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
}
