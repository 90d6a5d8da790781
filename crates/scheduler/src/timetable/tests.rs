//! Clocks put forward and back, by table.

use jiff::civil::Time;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn cron(text: &str, zone_name: &str) -> Timetable {
    Timetable::new(Rule::Cron(Pattern::parse(text).unwrap()), zone(zone_name))
}

fn days(time: &str, weekdays: Option<u8>, dates: Option<u32>, zone_name: &str) -> Timetable {
    let time: Time = time.parse().unwrap();
    let rule = Rule::Days(Days {
        time,
        weekdays,
        dates,
    });
    Timetable::new(rule, zone(zone_name))
}

/// The next instants, as the wall clock of the zone shows them.
fn shown(timetable: &Timetable, after: &str, count: usize) -> Vec<String> {
    let mut from = at(after);
    let mut shown = Vec::new();
    for _ in 0..count {
        from = timetable.next_after(from, from).unwrap();
        let local = timetable.zone.to_datetime(from);
        shown.push(format!("{local}{}", timetable.zone.to_offset(from)));
    }
    shown
}

#[test]
fn a_skipped_time_runs_when_the_clock_has_been_put_forward() {
    let nightly = days("02:30", None, None, "Europe/Berlin");
    assert_eq!(
        shown(&nightly, "2026-03-27T12:00:00Z", 3),
        [
            "2026-03-28T02:30:00+01",
            "2026-03-29T03:00:00+02",
            "2026-03-30T02:30:00+02",
        ]
    );
    // Twice within the hour that is skipped: still once.
    let twice = cron("10,40 2 * * *", "Europe/Berlin");
    assert_eq!(
        shown(&twice, "2026-03-28T12:00:00Z", 2),
        ["2026-03-29T03:00:00+02", "2026-03-30T02:10:00+02"]
    );
    // And not once more when the time after the gap is planned too.
    let both = cron("30 2,3 * * *", "Europe/Berlin");
    assert_eq!(
        shown(&both, "2026-03-28T12:00:00Z", 2),
        ["2026-03-29T03:00:00+02", "2026-03-29T03:30:00+02"]
    );
    let meets = cron("0,30 2-3 * * *", "Europe/Berlin");
    assert_eq!(
        shown(&meets, "2026-03-28T12:00:00Z", 2),
        ["2026-03-29T03:00:00+02", "2026-03-29T03:30:00+02"]
    );
}

#[test]
fn a_doubled_time_runs_the_first_time_only() {
    let nightly = days("02:30", None, None, "Europe/Berlin");
    assert_eq!(
        shown(&nightly, "2026-10-24T12:00:00Z", 2),
        ["2026-10-25T02:30:00+02", "2026-10-26T02:30:00+01"]
    );
    // Asked in the second pass, too.
    assert_eq!(
        shown(&nightly, "2026-10-25T01:10:00Z", 1),
        ["2026-10-26T02:30:00+01"]
    );
    let half_hour = days("01:45", None, None, "Australia/Lord_Howe");
    assert_eq!(
        shown(&half_hour, "2026-04-04T00:00:00Z", 2),
        ["2026-04-05T01:45:00+11", "2026-04-06T01:45:00+10:30"]
    );
}

#[test]
fn patterns_for_every_hour_follow_the_clock() {
    let often = cron("*/30 * * * *", "Europe/Berlin");
    assert_eq!(
        shown(&often, "2026-10-25T00:10:00Z", 4),
        [
            "2026-10-25T02:30:00+02",
            "2026-10-25T02:00:00+01",
            "2026-10-25T02:30:00+01",
            "2026-10-25T03:00:00+01",
        ]
    );
    let hourly = cron("15 * * * *", "Europe/Berlin");
    assert_eq!(
        shown(&hourly, "2026-03-29T00:00:00Z", 2),
        ["2026-03-29T01:15:00+01", "2026-03-29T03:15:00+02"]
    );
    let hourly = cron("0 * * * *", "Europe/Berlin");
    assert_eq!(
        shown(&hourly, "2026-03-29T00:00:00Z", 1),
        ["2026-03-29T03:00:00+02"]
    );
}

#[test]
fn months_without_such_a_day_are_passed_over() {
    let last = days("00:00", None, Some(1 << 31), "UTC");
    assert_eq!(
        shown(&last, "2026-01-31T12:00:00Z", 3),
        [
            "2026-03-31T00:00:00+00",
            "2026-05-31T00:00:00+00",
            "2026-07-31T00:00:00+00",
        ]
    );
    let leap = days("06:00", None, Some(1 << 29), "UTC");
    assert_eq!(
        shown(&leap, "2027-01-30T00:00:00Z", 2),
        ["2027-03-29T06:00:00+00", "2027-04-29T06:00:00+00"]
    );
    // The last day of the month is what cron has `L` for.
    let really_last = cron("0 0 L * *", "UTC");
    assert_eq!(
        shown(&really_last, "2027-01-31T12:00:00Z", 2),
        ["2027-02-28T00:00:00+00", "2027-03-31T00:00:00+00"]
    );
}

#[test]
fn days_of_the_week_and_of_the_month_must_both_fit() {
    // Friday the 13th.
    let unlucky = days("13:13", Some(1 << 4), Some(1 << 13), "UTC");
    assert_eq!(
        shown(&unlucky, "2026-01-01T00:00:00Z", 3),
        [
            "2026-02-13T13:13:00+00",
            "2026-03-13T13:13:00+00",
            "2026-11-13T13:13:00+00",
        ]
    );
}

#[test]
fn a_day_that_never_was_does_not_stop_the_clock() {
    // Samoa went from the 29th to the 31st of December 2011.
    let nightly = days("12:00", None, None, "Pacific/Apia");
    assert_eq!(
        shown(&nightly, "2011-12-29T12:00:00Z", 3),
        [
            "2011-12-29T12:00:00-10",
            "2011-12-31T00:00:00+14",
            "2011-12-31T12:00:00+14",
        ]
    );
}

#[test]
fn intervals_count_from_their_anchor_or_their_start() {
    let mut timetable = Timetable::new(Rule::Every { period_ms: 90_000 }, TimeZone::UTC);
    let anchor = at("2026-01-01T00:00:00Z");
    let next = |timetable: &Timetable, after| timetable.next_after(anchor, at(after));
    assert_eq!(
        next(&timetable, "2025-12-31T00:00:00Z"),
        Some(at("2026-01-01T00:00:00Z"))
    );
    assert_eq!(
        next(&timetable, "2026-01-01T00:00:00Z"),
        Some(at("2026-01-01T00:01:30Z"))
    );
    assert_eq!(
        next(&timetable, "2026-01-01T00:01:29Z"),
        Some(at("2026-01-01T00:01:30Z"))
    );
    timetable.start = Some(at("2026-01-01T00:00:10Z"));
    timetable.end = Some(at("2026-01-01T00:03:10Z"));
    assert_eq!(
        next(&timetable, "2025-01-01T00:00:00Z"),
        Some(at("2026-01-01T00:00:10Z"))
    );
    assert_eq!(
        next(&timetable, "2026-01-01T00:00:10Z"),
        Some(at("2026-01-01T00:01:40Z"))
    );
    assert_eq!(next(&timetable, "2026-01-01T00:01:40Z"), None);
}

#[test]
fn start_and_end_bound_every_rule() {
    let mut nightly = days("03:00", None, None, "UTC");
    nightly.start = Some(at("2026-05-01T03:00:00Z"));
    nightly.end = Some(at("2026-05-03T03:00:00Z"));
    assert_eq!(
        shown(&nightly, "2026-01-01T00:00:00Z", 2),
        ["2026-05-01T03:00:00+00", "2026-05-02T03:00:00+00"]
    );
    let last = at("2026-05-02T03:00:00Z");
    assert_eq!(nightly.next_after(last, last), None);
}

#[test]
fn a_pattern_that_never_fits_is_found_out_quickly() {
    let begun = std::time::Instant::now();
    let never = cron("0 0 30 2 *", "Europe/Berlin");
    let now = at("2026-01-01T00:00:00Z");
    assert_eq!(never.next_after(now, now), None);
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

#[test]
fn patterns_have_five_or_six_fields() {
    for good in [
        "* * * * *",
        "*/5 * * * * *",
        "@daily",
        "0 9 * * MON-FRI",
        "0 0 L * *",
    ] {
        Pattern::parse(good).unwrap();
    }
    for bad in [
        "",
        "* * * *",
        "0 0 0 1 1 * 2026",
        "61 * * * *",
        "x * * * *",
        "@never",
    ] {
        assert!(Pattern::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_came_due_is_the_same_step_by_step_and_from_the_end() {
    let table = cron("*/10 * * * * *", "Europe/Berlin");
    let (after, until) = (at("2026-03-01T00:00:05Z"), at("2026-05-01T00:00:00Z"));
    let due = table.due(after, after, until, 3);
    let last = ["23:59:40", "23:59:50"].map(|time| at(&format!("2026-04-30T{time}Z")));
    assert_eq!(due.newest, [last[0], last[1], until]);
    assert!(due.older > 1_000, "{}", due.older);
    let few = table.due(after, after, at("2026-03-01T00:00:31Z"), 2);
    let newest = ["00:00:20", "00:00:30"].map(|time| at(&format!("2026-03-01T{time}Z")));
    assert_eq!(
        few,
        Due {
            newest: newest.to_vec(),
            older: 1,
        }
    );
    let none = table.due(after, after, after, 2);
    assert_eq!(none, Due::default());
}
