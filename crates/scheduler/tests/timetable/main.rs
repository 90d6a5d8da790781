//! The timetable against a scan of every minute of two years, in zones whose clocks are put
//! forward and back in different ways.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod scan;

use avtomatika_scheduler::timetable::{Days, Pattern, Rule, Timetable};
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use scan::{Fits, Scan};

const ZONES: [&str; 7] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/Santiago",
];

/// Instants of one table that are compared one after another; past that, only around the changes
/// of the clock and at random places.
const ALL_MAX: usize = 3_000;

fn minute(at: Timestamp) -> i64 {
    assert_eq!(at.as_second() % 60, 0, "{at} is no whole minute");
    at.as_second() / 60
}

fn instant(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

/// Compares the table with the scan: everywhere, or where it matters and at some places.
fn compare(timetable: &Timetable, scan: &Scan, fits: &Fits, places: &[u32]) {
    let expected = scan.expected(fits);
    let next = |after: i64| {
        let at = timetable.next_after(instant(0), instant(after))?;
        assert!(at > instant(after));
        Some(minute(at)).filter(|minute| *minute <= scan.last())
    };
    let follow = |from: i64, until: i64| {
        let mut found = Vec::new();
        let mut at = from;
        while let Some(minute) = next(at).filter(|minute| *minute <= until) {
            found.push(minute);
            at = minute;
        }
        let first = expected.partition_point(|minute| *minute <= from);
        let past = expected.partition_point(|minute| *minute <= until);
        assert_eq!(found, expected[first..past], "{timetable:?}, {fits:?}");
    };
    if expected.len() <= ALL_MAX {
        follow(scan.first(), scan.last());
    } else {
        for change in scan.changes() {
            follow(change - 300, change + 300);
        }
    }
    for place in places {
        let span = scan.last() - scan.first();
        let after = scan.first() + i64::from(*place) % span;
        let index = expected.partition_point(|minute| *minute <= after);
        assert_eq!(next(after), expected.get(index).copied(), "after {after}");
    }
}

fn list(values: &std::collections::BTreeSet<u8>) -> String {
    let texts: Vec<_> = values.iter().map(ToString::to_string).collect();
    texts.join(",")
}

/// Some of these numbers.
fn some(range: std::ops::RangeInclusive<u8>, max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::btree_set(range, 1..=max).prop_map(|set| set.into_iter().collect())
}

fn maybe(
    range: std::ops::RangeInclusive<u8>,
    max: usize,
) -> impl Strategy<Value = Option<Vec<u8>>> {
    prop::option::of(some(range, max))
}

fn field(values: Option<&Vec<u8>>) -> String {
    values.map_or_else(
        || "*".to_owned(),
        |values| list(&values.iter().copied().collect()),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn cron_patterns(
        zone in 0..ZONES.len(),
        minutes in maybe(0..=59, 4),
        hours in maybe(0..=5, 4),
        dates in maybe(1..=31, 3),
        months in maybe(1..=12, 6),
        weekdays in maybe(0..=6, 3),
        places in prop::collection::vec(any::<u32>(), 40),
    ) {
        let fields = [&minutes, &hours, &dates, &months, &weekdays].map(|field_| field(field_.as_ref()));
        let pattern = Pattern::parse(&fields.join(" ")).unwrap();
        let timetable = Timetable::new(Rule::Cron(pattern), TimeZone::get(ZONES[zone]).unwrap());
        let fits = Fits { minutes, hours, dates, months, weekdays, either_day: true };
        compare(&timetable, Scan::of(ZONES[zone]), &fits, &places);
    }

    #[test]
    fn days(
        zone in 0..ZONES.len(),
        hour in 0..=4_u8,
        minute_ in prop::sample::select(vec![0_u8, 1, 15, 30, 45, 59]),
        dates in maybe(1..=31, 3),
        weekdays in maybe(0..=6, 3),
        places in prop::collection::vec(any::<u32>(), 40),
    ) {
        let rule = Rule::Days(Days {
            time: Time::new(hour.cast_signed(), minute_.cast_signed(), 0, 0).unwrap(),
            // The scan counts days of the week from Sunday.
            weekdays: weekdays.as_ref().map(|days| days.iter().map(|day| 1_u8 << ((day + 6) % 7)).sum()),
            dates: dates.as_ref().map(|dates| dates.iter().map(|date| 1_u32 << date).sum()),
        });
        let timetable = Timetable::new(rule, TimeZone::get(ZONES[zone]).unwrap());
        let fits = Fits {
            minutes: Some(vec![minute_]), hours: Some(vec![hour]), dates, months: None, weekdays, either_day: false,
        };
        compare(&timetable, Scan::of(ZONES[zone]), &fits, &places);
    }

    #[test]
    fn later_questions_never_have_earlier_answers(
        zone in 0..ZONES.len(),
        pattern in prop::sample::select(vec![
            "*/7 * * * *", "*/20 * * * * *", "0,30 1-3 * * *", "0 0 29 2 *", "15 2 * * SUN", "@hourly",
        ]),
        a in 1_700_000_000_000_i64..1_900_000_000_000,
        by in 0_i64..8_000_000_000,
    ) {
        let rule = Rule::Cron(Pattern::parse(pattern).unwrap());
        let timetable = Timetable::new(rule, TimeZone::get(ZONES[zone]).unwrap());
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let next = |ms| timetable.next_after(at(0), at(ms)).unwrap();
        prop_assert!(next(a) > at(a));
        prop_assert!(next(a) <= next(a + by));
        // What came due between the two is what stepping finds, from either end.
        let due = timetable.due(at(0), at(a), at(a + by), 5);
        for pair in due.newest.windows(2) {
            prop_assert_eq!(timetable.next_after(at(0), pair[0]), Some(pair[1]));
        }
        match due.newest.last() {
            Some(last) => prop_assert!(*last <= at(a + by) && next(last.as_millisecond()) > at(a + by)),
            None => prop_assert!(next(a) > at(a + by)),
        }
    }
}
