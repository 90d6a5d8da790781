//! Short pieces of work with rests between them.
//!
//! Nobody waits for the file, but whoever waits for the log shares processors and disk with the
//! thread that writes it. Half a millisecond now and then is not noticed; fifty at a stretch are.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a piece of work takes.
const WORK: Duration = Duration::from_micros(500);
/// How long a rest takes.
const REST: Duration = Duration::from_millis(1);
/// It looks at the clock at every so many chances to rest: each is a microsecond's work.
const LOOK_AT: u32 = 8;

thread_local! {
    static PACE: RefCell<Option<Pace>> = const { RefCell::new(None) };
}

struct Pace {
    /// Set while there is no time for rests.
    hurry: Arc<AtomicBool>,
    since: Instant,
    /// Chances since it looked at the clock.
    chances: u32,
}

/// Has the calling thread rest wherever it calls [`pause`], unless it has to `hurry`.
pub(super) fn work_in_pieces(hurry: Arc<AtomicBool>) {
    let since = Instant::now();
    let chances = 0;
    PACE.set(Some(Pace {
        hurry,
        since,
        chances,
    }));
}

/// Rests if it is time. Other threads than those that work in pieces never rest.
pub(super) fn pause() {
    PACE.with_borrow_mut(|pace| {
        let Some(pace) = pace else { return };
        pace.chances += 1;
        if pace.chances < LOOK_AT {
            return;
        }
        pace.chances = 0;
        if pace.since.elapsed() < WORK {
            return;
        }
        if !pace.hurry.load(Ordering::Relaxed) {
            std::thread::sleep(REST);
        }
        pace.since = Instant::now();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(hurry: bool) -> Duration {
        let begun = Instant::now();
        let worked = std::thread::spawn(move || {
            work_in_pieces(Arc::new(AtomicBool::new(hurry)));
            for _ in 0..20 {
                std::thread::sleep(WORK);
                (0..LOOK_AT).for_each(|_| pause());
            }
        });
        worked.join().unwrap();
        begun.elapsed()
    }

    #[test]
    fn it_rests_after_each_piece_unless_it_has_to_hurry() {
        let rested = work(false);
        assert!(rested >= 20 * (WORK + REST), "{rested:?}");
        let mut hurried = work(true);
        // A busy machine may make a single run as slow.
        for _ in 0..20 {
            hurried = hurried.min(work(true));
        }
        assert!(hurried < rested, "{hurried:?}");
        let begun = Instant::now();
        (0..1_000_000).for_each(|_| pause());
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "nobody asked for rests here"
        );
    }
}
