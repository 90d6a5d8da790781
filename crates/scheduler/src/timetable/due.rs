//! What came due in a stretch of time, however long it was.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::Timetable;

/// Instants stepped over one by one before the newest are sought from the other end.
const STEPS_MAX: usize = 2_000;

/// What came due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The newest instants, oldest first.
    pub newest: Vec<Timestamp>,
    /// How many older ones there are; in long stretches at least so many.
    pub older: u64,
}

impl Timetable {
    /// The instants after `after`, up to `until` and including it: the newest `keep` of them, and
    /// how many there are besides.
    pub fn due(&self, anchor: Timestamp, after: Timestamp, until: Timestamp, keep: usize) -> Due {
        let mut newest = VecDeque::new();
        let (mut older, mut at) = (0, after);
        for _ in 0..STEPS_MAX.max(keep) {
            match self.next_after(anchor, at).filter(|next| *next <= until) {
                Some(next) => at = next,
                None => {
                    return Due {
                        newest: newest.into(),
                        older,
                    };
                }
            }
            newest.push_back(at);
            if newest.len() > keep {
                newest.pop_front();
                older += 1;
            }
        }
        Due {
            newest: self.newest(anchor, after, until, keep),
            older: older.max(1),
        }
    }

    /// The newest `keep` instants of a long stretch, oldest first.
    fn newest(
        &self,
        anchor: Timestamp,
        after: Timestamp,
        until: Timestamp,
        keep: usize,
    ) -> Vec<Timestamp> {
        let mut found = Vec::new();
        let mut until = until;
        while found.len() < keep
            && let Some(latest) = self.latest(anchor, after, until)
            && let Ok(before) = latest.checked_sub(SignedDuration::from_millis(1))
        {
            found.push(latest);
            until = before;
        }
        found.reverse();
        found
    }

    /// The last instant after `after` and not after `until`.
    ///
    /// Whether another one comes before `until` is asked of the middle of ever smaller stretches:
    /// the answer is yes on the left and no on the right of what is sought.
    fn latest(&self, anchor: Timestamp, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let next = |at: i64| {
            let at = Timestamp::from_millisecond(at).ok()?;
            self.next_after(anchor, at).filter(|next| *next <= until)
        };
        let (mut yes, mut no) = (after.as_millisecond(), until.as_millisecond());
        let mut latest = next(yes)?;
        while no - yes > 1 {
            let middle = yes + (no - yes) / 2;
            match next(middle) {
                Some(found) => {
                    latest = found;
                    yes = middle;
                }
                None => no = middle,
            }
        }
        Some(latest)
    }
}
