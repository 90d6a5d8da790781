//! Files, good and bad.

use serde_json::json;

use super::*;
use crate::schedule::{Missed, Overlap};

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

fn good(text: &str) -> Vec<Schedule> {
    match parse(text, &TimeZone::UTC) {
        Ok(schedules) => schedules,
        Err(problems) => panic!("{problems}"),
    }
}

fn bad(text: &str) -> Vec<String> {
    let problems = parse(text, &TimeZone::UTC).unwrap_err();
    problems.0.iter().map(ToString::to_string).collect()
}

#[test]
fn the_seeds_keys_are_read() {
    let text = r#"
[poll]
blueprint = "fetch"
interval_seconds = 300
input_data = { url = "https://example.org", tries = 3, deep = { list = [1.5, true] } }

[nightly]
blueprint = "backup"
daily_at = "03:30"

[weekly]
blueprint = "report"
weekly_days = ["mon", "Fri", "sunday"]
time = "09:00"

[monthly]
blueprint = "bill"
monthly_dates = [1, 15, 31]
time = "00:05"
"#;
    let schedules = parse(text, &berlin()).unwrap();
    let specs: Vec<_> = schedules
        .iter()
        .map(|schedule| (schedule.name.as_str(), json!(schedule.spec())))
        .collect();
    assert_eq!(
        specs,
        [
            (
                "monthly",
                json!({"time": "00:05", "monthly_dates": [1, 15, 31]})
            ),
            ("nightly", json!({"daily_at": "03:30"})),
            ("poll", json!({"interval_seconds": 300})),
            (
                "weekly",
                json!({"time": "09:00", "weekly_days": ["mon", "fri", "sun"]})
            ),
        ]
    );
    let poll = &schedules[2];
    assert_eq!(
        poll.input,
        json!({"url": "https://example.org", "tries": 3, "deep": {"list": [1.5, true]}})
    );
    assert_eq!(poll.blueprint, "fetch");
    assert_eq!(poll.client.as_str(), "internal-scheduler");
    assert_eq!(poll.timetable.zone.iana_name(), Some("Europe/Berlin"));
    assert!(poll.enabled);
    assert_eq!(
        (poll.missed, poll.overlap),
        (Missed::RunOnce, Overlap::Allow)
    );
    assert_eq!(poll.job_labels()["schedule"], "poll");
}

#[test]
fn the_showcases_keys_are_read() {
    let text = r#"
[maintenance]
blueprint = "periodic"
interval_seconds = 60
enabled = false

[maintenance.initial_data]
source = "scheduler"
"#;
    let schedules = good(text);
    assert!(!schedules[0].enabled);
    assert_eq!(schedules[0].input, json!({"source": "scheduler"}));
}

#[test]
fn our_own_keys_are_read() {
    let text = r#"
[a]
blueprint = "b"
cron = "*/10 * * * * *"
timezone = "America/New_York"
missed = "run_all"
missed_max = 7
overlap = "queue"
jitter_seconds = 1.5
client = "reports"
labels = { team = "ops" }
start_at = 2026-12-01T08:00:00
end_at = "2027-01-01T00:00:00Z"
"#;
    let schedule = good(text).remove(0);
    assert_eq!(schedule.missed, Missed::RunAll { max: 7 });
    assert_eq!(schedule.overlap, Overlap::Queue);
    assert_eq!(schedule.jitter_ms, 1_500);
    assert!(schedule.delay_ms() <= 1_500);
    assert_eq!(schedule.client.as_str(), "reports");
    assert_eq!(schedule.labels["team"], "ops");
    let start = schedule.timetable.start.unwrap();
    assert_eq!(start.to_string(), "2026-12-01T13:00:00Z");
    assert_eq!(
        schedule.timetable.fingerprint(),
        "cron */10 * * * * * @ America/New_York from 2026-12-01T13:00:00Z until \
         2027-01-01T00:00:00Z"
    );
}

#[test]
fn all_mistakes_are_told_at_once_with_their_lines() {
    let text = r#"[a]
interval_seconds = 0
overlap = "never"
bluprint = "x"

[b]
blueprint = 5
daily_at = "25:00"
timezone = "Europe/Atlantis"
labels = { schedule = "mine", n = 1 }

[c]
blueprint = "x"
weekly_days = ["mon", "moonday"]
monthly_dates = [0, 32]
missed_max = 3

[d]
blueprint = "x"
cron = "* * *"
interval_seconds = 5
jitter_seconds = -1
start_at = "2026-02-01"
end_at = "soon"

[e]
blueprint = "x"

[f]
blueprint = "x"
cron = "0 0 30 2 *"

[g]
blueprint = "x"
daily_at = "9:00"
result_timeout = 5
interval_secs = 5
input_data = {}
initial_data = []
"#;
    assert_eq!(
        bad(text),
        [
            "line 1: [a] blueprint: is missing: the name of the blueprint to run",
            "line 2: [a] interval_seconds: must be between 1 and 315360000 seconds",
            "line 3: [a] overlap: must be \"allow\", \"skip\", \"queue\" or \"cancel\"",
            "line 4: [a] bluprint: unknown key, did you mean 'blueprint'?",
            "line 7: [b] blueprint: must be a text in quotes, not a TOML integer",
            "line 8: [b] daily_at: must be a time of day like \"03:30\"",
            "line 9: [b] timezone: no time zone 'Europe/Atlantis': IANA names are like \
             Europe/Berlin",
            "line 10: [b] labels.n: must be a text in quotes",
            "line 10: [b] labels.schedule: is set to the schedule's name already",
            "line 12: [c] time: is missing: at which time of these days, \"HH:MM\"",
            "line 14: [c] weekly_days: 'moonday' is no day: mon, tue, wed, thu, fri, sat, sun",
            "line 15: [c] monthly_dates: 0 is no day of a month: 1 to 31",
            "line 15: [c] monthly_dates: 32 is no day of a month: 1 to 31",
            "line 16: [c] missed_max: means something with missed = \"run_all\" only",
            "line 18: [d] has several rules: interval_seconds, cron and times of day exclude \
             each other",
            "line 20: [d] cron: a cron pattern has 5 fields, or 6 with seconds first, not 3",
            "line 22: [d] jitter_seconds: must be between 0 and 86400 seconds",
            "line 24: [d] end_at: must be a date and time like 2026-12-01T08:00:00 or \
             2026-12-01T08:00:00Z",
            "line 26: [e] has no rule: write interval_seconds, cron, daily_at, or weekly_days or \
             monthly_dates with time",
            "line 29: [f] never comes: no day fits",
            "line 35: [g] daily_at: must be a time of day like \"03:30\"",
            "line 36: [g] result_timeout: unknown key: write time limits into the blueprint",
            "line 37: [g] interval_secs: unknown key, did you mean 'interval_seconds'?",
            "line 39: [g] initial_data: is another name of input_data: write one of them",
        ]
    );
}

#[test]
fn what_is_no_toml_is_told_with_its_lines() {
    let problems = bad("[a]\nblueprint = x\n[b\n");
    assert!(problems.len() >= 2, "{problems:?}");
    assert!(problems[0].starts_with("line 2: "), "{problems:?}");
    assert_eq!(
        bad("x = 1"),
        ["line 1: x: must be a table: every schedule begins with its [name]"]
    );
    assert!(good("").is_empty());
}

#[test]
fn limits_are_told() {
    let many: String = (0..=SCHEDULES_MAX)
        .map(|n| format!("[s{n}]\nblueprint = \"b\"\ninterval_seconds = 60\n"))
        .collect();
    assert_eq!(bad(&many), ["1001 schedules, the most is 1000"]);
    let large = "#".repeat(FILE_MAX_BYTES + 1);
    assert_eq!(bad(&large).len(), 1);
}

#[test]
fn a_watch_tells_each_change_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("schedules.toml");
    let mut watch = Watch::new(&path);
    assert!(matches!(watch.look(), Look::Unreadable(_)));
    assert!(matches!(watch.look(), Look::Same));
    std::fs::write(&path, "one").unwrap();
    assert!(matches!(watch.look(), Look::Changed(text) if text == "one"));
    assert!(matches!(watch.look(), Look::Same));
    // As long, and within the same tick of the file system's clock.
    std::fs::write(&path, "two").unwrap();
    assert!(matches!(watch.look(), Look::Changed(text) if text == "two"));
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(matches!(watch.look(), Look::Unreadable(_)));
    std::fs::write(&path, "two").unwrap();
    assert!(matches!(watch.look(), Look::Changed(text) if text == "two"));
}

#[test]
fn a_pipe_is_told_and_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("schedules.toml");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    let (told, looked) = std::sync::mpsc::channel();
    std::thread::spawn(move || told.send(Watch::new(path).look()));
    let look = looked.recv_timeout(std::time::Duration::from_secs(10));
    assert!(
        matches!(look, Ok(Look::Unreadable(ref reason)) if reason.ends_with("not a regular file")),
        "{look:?}"
    );
}
