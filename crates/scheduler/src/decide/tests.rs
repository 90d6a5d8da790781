//! What is run after stretches of time, by table.

use avtomatika_protocol::JobId;
use serde_json::Value;

use super::*;
use crate::record::Last;
use crate::timetable::{Pattern, Rule, Timetable};
use jiff::tz::TimeZone;

const HOUR_MS: u64 = 3_600_000;
/// Midnight.
const BASE_MS: u64 = 20_000 * 86_400_000;

fn schedule(cron: &str, missed: Missed, overlap: Overlap) -> Schedule {
    let rule = Rule::Cron(Pattern::parse(cron).unwrap());
    Schedule {
        name: "s".to_owned(),
        blueprint: "b".to_owned(),
        input: Value::Null,
        timetable: Timetable::new(rule, TimeZone::UTC),
        enabled: true,
        missed,
        overlap,
        jitter_ms: 0,
        client: "c".into(),
        labels: std::collections::BTreeMap::new(),
    }
}

fn record(schedule: &Schedule) -> (Adopted, Record) {
    let mut record = Record::new();
    record.adopt(schedule.timetable.fingerprint(), BASE_MS);
    (record.rules[0].clone(), record)
}

/// Runs in minutes after the base, with the first letter of how they came about.
fn runs(record: &Record) -> Vec<String> {
    let run = |run: &Run| {
        let how = run.how.as_str().chars().next().unwrap();
        format!("{}{how}", (run.at_ms - BASE_MS) / 60_000)
    };
    record.firing.iter().map(run).collect()
}

/// Decides once, after so much time in which nobody was there.
fn after(ms: u64, missed: Missed, overlap: Overlap, is_busy: bool) -> (Vec<String>, Decided) {
    let schedule = schedule("0 * * * *", missed, overlap);
    let (adopted, mut record) = record(&schedule);
    record.settled_ms = BASE_MS;
    let decided = decide(&schedule, &adopted, &mut record, BASE_MS + ms, is_busy);
    (runs(&record), decided)
}

fn decided(missed: u64, skipped: u64) -> Decided {
    Decided { missed, skipped }
}

#[test]
fn what_is_on_time_runs_under_every_policy() {
    for missed in [Missed::Skip, Missed::RunOnce, Missed::RunAll { max: 5 }] {
        let allow = Overlap::Allow;
        let none = after(HOUR_MS - 1, missed, allow, false);
        assert_eq!(none, (vec![], decided(0, 0)));
        let exact = after(HOUR_MS, missed, allow, false);
        assert_eq!(exact, (vec!["60o".to_owned()], decided(0, 0)));
        let soon = after(HOUR_MS + NEWEST_ON_TIME_MS, missed, allow, false);
        assert_eq!(soon, (vec!["60o".to_owned()], decided(0, 0)));
    }
}

#[test]
fn what_was_missed_follows_the_policy() {
    let late = 5 * HOUR_MS + 600_000;
    let run = |missed| after(late, missed, Overlap::Allow, false);
    assert_eq!(run(Missed::Skip), (vec![], decided(5, 0)));
    assert_eq!(
        run(Missed::RunOnce),
        (vec!["300c".to_owned()], decided(4, 0))
    );
    let (runs, dropped) = run(Missed::RunAll { max: 3 });
    assert_eq!(runs, ["180c", "240c", "300c"]);
    assert_eq!(dropped, decided(2, 0));
    let (runs, dropped) = run(Missed::RunAll { max: 100 });
    assert_eq!(runs.len(), 5);
    assert_eq!(dropped, decided(0, 0));
}

#[test]
fn a_run_on_time_makes_up_for_those_before_it() {
    let late = 5 * HOUR_MS + 1_000;
    let run = |missed| after(late, missed, Overlap::Allow, false);
    assert_eq!(
        run(Missed::RunOnce),
        (vec!["300o".to_owned()], decided(4, 0))
    );
    assert_eq!(run(Missed::Skip), (vec!["300o".to_owned()], decided(4, 0)));
    let (runs, _) = run(Missed::RunAll { max: 2 });
    assert_eq!(runs, ["180c", "240c", "300o"]);
}

#[test]
fn runs_that_meet_an_earlier_job_follow_the_policy() {
    let one = |overlap, is_busy| after(HOUR_MS, Missed::RunOnce, overlap, is_busy);
    for overlap in [Overlap::Allow, Overlap::Cancel] {
        assert_eq!(one(overlap, true), (vec!["60o".to_owned()], decided(0, 0)));
    }
    assert_eq!(one(Overlap::Skip, true), (vec![], decided(0, 1)));
    assert_eq!(one(Overlap::Queue, true), (vec![], decided(0, 0)));
    for overlap in [Overlap::Skip, Overlap::Queue] {
        assert_eq!(one(overlap, false), (vec!["60o".to_owned()], decided(0, 0)));
    }
}

#[test]
fn of_several_runs_at_once_one_begins() {
    let late = 4 * HOUR_MS + 600_000;
    let run = |overlap| after(late, Missed::RunAll { max: 9 }, overlap, false);
    assert_eq!(
        run(Overlap::Cancel),
        (vec!["240c".to_owned()], decided(0, 3))
    );
    assert_eq!(run(Overlap::Skip), (vec!["60c".to_owned()], decided(0, 3)));
    assert_eq!(run(Overlap::Queue), (vec!["60c".to_owned()], decided(0, 2)));
}

#[test]
fn one_run_waits_and_runs_when_it_can() {
    let schedule = schedule("0 * * * *", Missed::RunOnce, Overlap::Queue);
    let (adopted, mut record) = record(&schedule);
    let at = |record: &mut Record, ms, is_busy| {
        let decided = decide(&schedule, &adopted, record, BASE_MS + ms, is_busy);
        let runs = runs(record);
        record.firing.clear();
        (
            runs,
            record.waiting_ms.map(|ms| (ms - BASE_MS) / 60_000),
            decided,
        )
    };
    record.settled_ms = BASE_MS;
    assert_eq!(
        at(&mut record, HOUR_MS, true),
        (vec![], Some(60), decided(0, 0))
    );
    // The second finds the place taken.
    assert_eq!(
        at(&mut record, 2 * HOUR_MS, true),
        (vec![], Some(60), decided(0, 1))
    );
    let freed = at(&mut record, 2 * HOUR_MS + 60_000, false);
    assert_eq!(freed, (vec!["60q".to_owned()], None, decided(0, 0)));
    // The one that waits goes first, the one that comes waits in turn.
    assert_eq!(
        at(&mut record, 3 * HOUR_MS, true),
        (vec![], Some(180), decided(0, 0))
    );
    let turn = at(&mut record, 4 * HOUR_MS, false);
    assert_eq!(turn, (vec!["180q".to_owned()], Some(240), decided(0, 0)));
}

#[test]
fn a_clock_put_back_runs_nothing_again() {
    let schedule = schedule("*/5 * * * *", Missed::RunAll { max: 50 }, Overlap::Allow);
    let (adopted, mut record) = record(&schedule);
    decide(&schedule, &adopted, &mut record, BASE_MS + HOUR_MS, false);
    assert_eq!(record.firing.len(), 13);
    record.firing.clear();
    for minutes in [59, 30, 0, 60] {
        let now_ms = BASE_MS + minutes * 60_000;
        assert!(!is_due(&schedule, &adopted, &record, now_ms));
        decide(&schedule, &adopted, &mut record, now_ms, false);
        assert!(record.firing.is_empty(), "{minutes}");
    }
    decide(
        &schedule,
        &adopted,
        &mut record,
        BASE_MS + HOUR_MS + 300_000,
        false,
    );
    assert_eq!(runs(&record), ["65o"]);
}

#[test]
fn a_new_rule_looks_ahead_only() {
    let mut record = Record::new();
    record.ran(Last {
        at_ms: BASE_MS - 90_000,
        fired_at_ms: BASE_MS - 90_000,
        job: JobId::from_bytes([1; 16]),
        how: How::OnTime,
    });
    record.settled_ms = BASE_MS - 90_000;
    // Daily at noon, written down at one: tomorrow.
    let daily = schedule("0 12 * * *", Missed::RunOnce, Overlap::Allow);
    record.adopt(daily.timetable.fingerprint(), BASE_MS + 13 * HOUR_MS);
    let adopted = record.rules[0].clone();
    assert!(!is_due(&daily, &adopted, &record, BASE_MS + 14 * HOUR_MS));
    assert_eq!(
        record.next_ms(&daily, BASE_MS + 14 * HOUR_MS),
        Some(BASE_MS + 36 * HOUR_MS)
    );
    // An interval goes on from the last run.
    let mut every = daily;
    every.timetable.rule = Rule::Every { period_ms: 60_000 };
    record.adopt(every.timetable.fingerprint(), BASE_MS);
    assert_eq!(record.next_ms(&every, BASE_MS), Some(BASE_MS + 30_000));
}

#[test]
fn an_interval_that_never_ran_is_due_at_once() {
    let mut every = schedule("* * * * *", Missed::RunOnce, Overlap::Allow);
    every.timetable.rule = Rule::Every {
        period_ms: 86_400_000,
    };
    let (adopted, mut record) = record(&every);
    decide(&every, &adopted, &mut record, BASE_MS, false);
    assert_eq!(runs(&record), ["0o"]);
    assert_eq!(record.next_ms(&every, BASE_MS), Some(BASE_MS + 86_400_000));
}

#[test]
fn a_delay_moves_every_run_by_the_same() {
    let mut spread = schedule("0 * * * *", Missed::Skip, Overlap::Allow);
    spread.jitter_ms = 600_000;
    let delay_ms = spread.delay_ms();
    assert!(delay_ms > 0 && delay_ms <= 600_000, "{delay_ms}");
    let (adopted, mut record) = record(&spread);
    record.settled_ms = BASE_MS;
    let due_ms = BASE_MS + HOUR_MS + delay_ms;
    assert!(!is_due(&spread, &adopted, &record, due_ms - 1));
    assert!(is_due(&spread, &adopted, &record, due_ms));
    decide(&spread, &adopted, &mut record, due_ms, false);
    assert_eq!(runs(&record), ["60o"]);
    let delays: std::collections::BTreeSet<u64> = (0..100)
        .map(|n| {
            spread.name = format!("s{n}");
            spread.delay_ms() / 60_000
        })
        .collect();
    assert!(delays.len() >= 9, "{delays:?}");
}
