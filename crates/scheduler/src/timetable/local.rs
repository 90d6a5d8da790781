//! From times on a wall clock to instants, through clocks that are put forward and back.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// Changes of the clock looked through before a pattern is given up.
const CHANGES_MAX: usize = 20_000;

/// The first instant after `after` at which one of the wall-clock times that `next` yields comes
/// for the first time. One that is skipped comes when the clock has been put forward.
pub(super) fn once(
    zone: &TimeZone,
    after: Timestamp,
    next: impl Fn(DateTime) -> Option<DateTime>,
) -> Option<Timestamp> {
    // Times up to the one the clock shows have come: before it they lie in the past, and in the
    // second pass of a doubled hour their first pass does. Of those still to be shown the second
    // pass must be passed over too; there the first instant is not after `after`.
    let mut civil = zone.to_datetime(after);
    loop {
        civil = next(civil)?;
        let at = first_instant(zone, civil)?;
        if at > after {
            return Some(at);
        }
    }
}

/// When a wall clock shows this for the first time, or, if it never does, when it has been put
/// forward past it.
fn first_instant(zone: &TimeZone, civil: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(civil).ok()
        }
        AmbiguousOffset::Gap { after, .. } => {
            // With the later offset a skipped time lies before the change.
            let before_change = after.to_timestamp(civil).ok()?;
            let change = zone.following(before_change).next()?;
            Some(change.timestamp())
        }
    }
}

/// The first instant after `after` at which the wall clock shows one of the times that `next`
/// yields, each as often as it is shown.
pub(super) fn each(
    zone: &TimeZone,
    after: Timestamp,
    next: impl Fn(DateTime) -> Option<DateTime>,
) -> Option<Timestamp> {
    let mut from = after;
    let mut civil = zone.to_datetime(after);
    for _ in 0..CHANGES_MAX {
        // From here to the next change the clock runs without a jump.
        let offset = zone.to_offset(from);
        let change = zone.following(from).next().map(|change| change.timestamp());
        let at = offset.to_timestamp(next(civil)?).ok()?;
        match change {
            Some(change) if at >= change => {
                from = change;
                // `next` looks strictly past what it is given, and the first moment counts.
                let first = zone.to_datetime(change);
                civil = first.checked_sub(SignedDuration::from_secs(1)).ok()?;
            }
            _ => return Some(at),
        }
    }
    None
}
