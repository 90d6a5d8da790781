//! `avtomatika schedules` as people and scripts see it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

use std::process::Command;

use serde_json::Value;

const GOOD: &str = r#"
[leap]
blueprint = "b"
cron = "0 12 29 2 *"
start_at = 2096-01-01T00:00:00
end_at = 2112-01-01T00:00:00

[off]
blueprint = "b"
interval_seconds = 60
enabled = false
"#;

/// Runs it. Answers its exit code, its output and its complaints.
fn run(zone: &str, args: &[&str], text: &str) -> (i32, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("schedules.toml");
    std::fs::write(&file, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_avtomatika"))
        .env("TZ", zone)
        .arg("schedules")
        .args(args)
        .arg(&file)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        text.replace(file.to_str().unwrap(), "FILE")
    };
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

#[test]
fn a_good_file_is_counted() {
    let (code, out, _) = run("UTC", &["check"], GOOD);
    assert_eq!(
        (code, out.as_str()),
        (0, "FILE: 2 schedules, 1 of them off\n")
    );
    let (code, out, _) = run("UTC", &["check", "--json"], GOOD);
    assert_eq!(
        (code, out.as_str()),
        (0, "{\"problems\":[],\"schedules\":2}\n")
    );
}

#[test]
fn all_mistakes_of_a_file_are_told() {
    let bad = "[a]\nblueprint = \"b\"\n\n[b]\ndaily_at = \"24:00\"\n";
    let (code, out, _) = run("UTC", &["check"], bad);
    let expected = "FILE: line 1: [a] has no rule: write interval_seconds, cron, daily_at, or \
                    weekly_days or monthly_dates with time\n\
                    FILE: line 4: [b] blueprint: is missing: the name of the blueprint to run\n\
                    FILE: line 5: [b] daily_at: must be a time of day like \"03:30\"\n";
    assert_eq!((code, out.as_str()), (1, expected));
    let (code, out, _) = run("UTC", &["check", "--json"], bad);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 1);
    assert_eq!(json["problems"][2]["line"], 5);
    assert_eq!(json["problems"][2]["key"], "daily_at");
    let (code, out, complaint) = run("UTC", &["next"], bad);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        complaint.starts_with("avtomatika: FILE is wrong:\nline 1: "),
        "{complaint}"
    );
}

#[test]
fn the_next_runs_are_told_on_the_clock_of_the_zone() {
    let (code, out, _) = run("America/New_York", &["next", "-n", "3"], GOOD);
    assert_eq!(code, 0);
    // The year 2100 is no leap year.
    let leap = "leap\n  2096-02-29T12:00:00-05:00  2096-02-29T17:00:00Z\n  \
                2104-02-29T12:00:00-05:00  2104-02-29T17:00:00Z\n  \
                2108-02-29T12:00:00-05:00  2108-02-29T17:00:00Z\noff (off)\n";
    assert!(out.starts_with(leap), "{out}");
    let (_, out, _) = run("CET-1", &["next", "-n", "4", "--json"], GOOD);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["schedules"][0]["next"].as_array().unwrap().len(), 3);
    assert_eq!(
        json["schedules"][0]["next"][0]["at"],
        "2096-02-29T12:00:00+01:00"
    );
    assert_eq!(json["schedules"][1]["enabled"], false);
}

#[test]
fn a_zone_that_is_none_is_told() {
    let (code, _, complaint) = run("Mars/Olympus", &["check"], GOOD);
    assert_eq!(code, 1);
    assert!(
        complaint.contains("no time zone 'Mars/Olympus'"),
        "{complaint}"
    );
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("schedules.toml");
    std::fs::write(&file, GOOD).unwrap();
    for asked in [&["check"][..], &["next"], &["next", "--json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_avtomatika"))
            .arg("schedules")
            .args(asked)
            .arg(&file)
            .stdout(writer)
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), &*complaint),
            (Some(0), ""),
            "{asked:?}"
        );
    }
}
