//! Schedules over the wire, on a real engine.

use std::path::Path;
use std::time::{Duration, Instant};

use avtomatika_scheduler::Source;
use avtomatika_server::access::Role;
use avtomatika_server::{ClientConfig, Schedules};
use jiff::tz::TimeZone;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, CLIENT, STRANGER, Wire, access, answer};

const ADMIN: &str = "123456:TEST-TOKEN-ADMIN";

const TOML: &str = r#"
[each-second]
blueprint = "steps"
cron = "* * * * * *"
input_data = { task = "echo", params = { n = 1 } }
client = "tester"
overlap = "skip"
labels = { team = "ops" }

[nobody]
blueprint = "plain"
interval_seconds = 3600

[yearly]
blueprint = "plain"
cron = "0 0 1 1 *"
client = "tester"
"#;

async fn wire(path: &Path) -> Wire {
    let schedules = Schedules {
        source: Source::File(path.to_path_buf()),
        zone: TimeZone::UTC,
    };
    let admin = ClientConfig::new("root", ADMIN).role(Role::Admin);
    let limited = ClientConfig::new("limited", "123456:TEST-TOKEN-L").blueprints(&["steps"]);
    let poor = ClientConfig::new("poor", "123456:TEST-TOKEN-P").monthly_attempts(0);
    let access = access().client(admin).client(limited).client(poor);
    Wire::set(access, |options| options.schedules = Some(schedules)).await
}

fn file(toml: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("schedules.toml");
    std::fs::write(&path, toml).unwrap();
    (dir, path)
}

async fn ask(wire: &Wire, token: &str, method: &str, path: &str) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = wire.request(method, &format!("/api{path}"));
    answer(request.header("X-Avtomatika-Token", token)).await
}

fn names(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let schedules = json["schedules"].as_array().unwrap().iter();
    schedules
        .map(|schedule| schedule["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Asks for a schedule until it is as wanted; not for ever.
async fn when(wire: &Wire, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let read = ask(wire, ADMIN, "GET", &format!("/schedules/{name}")).await;
        assert_eq!(read.status, 200, "{}", read.text);
        let schedule = read.json();
        if wanted(&schedule) {
            return schedule;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{schedule}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn jobs_are_posted_and_belong_to_their_client() {
    let (_dir, path) = file(TOML);
    let wire = wire(&path).await;
    let schedule = when(&wire, "each-second", |it| it["last_run"].is_object()).await;
    let last = &schedule["last_run"];
    assert_eq!(last["how"], "on_time");
    assert_eq!(last["status"], "waiting_for_worker");
    assert_eq!(last["planned_at_ms"].as_u64().unwrap() % 1_000, 0);
    let job = wire.job(last["job_id"].as_str().unwrap()).await;
    assert_eq!(job["blueprint_name"], "steps");
    assert_eq!(
        job["initial_data"],
        json!({"task": "echo", "params": {"n": 1}})
    );
    assert_eq!(
        job["labels"],
        json!({"schedule": "each-second", "team": "ops"})
    );
    // The job waits for a worker, and the next runs are skipped meanwhile.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let listed = wire.get("/api/jobs").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    let metrics = answer(wire.request(Method::GET, "/metrics")).await.text;
    for (name, least) in [("skipped_total{", 2), ("fired_total{", 1)] {
        let line = metrics.lines().find(|line| {
            line.starts_with(&format!("avtomatika_schedule_{name}")) && line.contains("each-second")
        });
        let count: u64 = line.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
        assert!(count >= least, "{line:?}");
    }
    assert!(wire.stop().await);
}

#[tokio::test]
async fn an_interval_runs_at_once_for_nobody_in_particular() {
    let (_dir, path) = file(TOML);
    let wire = wire(&path).await;
    let schedule = when(&wire, "nobody", |it| {
        it["last_run"]["status"] == "completed"
    })
    .await;
    assert_eq!(schedule["client"], "internal-scheduler");
    assert_eq!(schedule["spec"], json!({"interval_seconds": 3600}));
    let last_ms = schedule["last_run"]["planned_at_ms"].as_u64().unwrap();
    assert_eq!(schedule["next_run"]["at_ms"], last_ms + 3_600_000);
    // It is nobody's to read and to stop but an admin's.
    let id = schedule["last_run"]["job_id"].as_str().unwrap();
    let (job, cancel) = (format!("/jobs/{id}"), format!("/jobs/{id}/cancel"));
    for token in [CLIENT, STRANGER] {
        assert_eq!(ask(&wire, token, "GET", &job).await.status, 404);
        assert_eq!(ask(&wire, token, "POST", &cancel).await.status, 404);
    }
    let read = ask(&wire, ADMIN, "GET", &job).await;
    assert_eq!(read.status, 200, "{}", read.text);
    assert_eq!(read.json()["labels"]["schedule"], "nobody");
    let late = ask(&wire, ADMIN, "POST", &cancel).await;
    assert_eq!(
        (late.status.as_u16(), &late.json()["code"]),
        (409, &json!("JOB_ENDED"))
    );
}

#[tokio::test]
async fn clients_see_and_touch_their_own_schedules() {
    let (_dir, path) = file(TOML);
    let wire = wire(&path).await;
    let all = ask(&wire, ADMIN, "GET", "/schedules").await;
    assert_eq!(names(&all), ["each-second", "nobody", "yearly"]);
    assert_eq!(all.json()["file"]["problems"], json!([]));
    let own = ask(&wire, CLIENT, "GET", "/schedules").await;
    assert_eq!(names(&own), ["each-second", "yearly"]);
    assert!(own.json().get("file").is_none());
    assert!(names(&ask(&wire, STRANGER, "GET", "/schedules").await).is_empty());
    for (method, what) in [
        ("GET", ""),
        ("POST", "/run"),
        ("POST", "/pause"),
        ("POST", "/resume"),
    ] {
        for (token, name) in [(STRANGER, "yearly"), (CLIENT, "nobody"), (ADMIN, "none")] {
            let path = format!("/schedules/{name}{what}");
            let refused = ask(&wire, token, method, &path).await;
            assert_eq!(refused.status, 404, "{path}");
            assert_eq!(refused.json()["code"], "SCHEDULE_NOT_FOUND");
        }
    }
    let nobody = answer(wire.request(Method::GET, "/api/schedules")).await;
    assert_eq!(nobody.status, 401);
}

#[tokio::test]
async fn a_schedule_is_run_paused_and_resumed() {
    let (_dir, path) = file(TOML);
    let wire = wire(&path).await;
    let run = || {
        wire.request(Method::POST, "/api/schedules/yearly/run")
            .header("X-Avtomatika-Token", CLIENT)
            .header("Idempotency-Key", "again")
    };
    let first = answer(run()).await;
    assert_eq!(first.status, 202, "{}", first.text);
    assert_eq!(first.json()["status"], "accepted");
    assert_eq!(answer(run()).await.json(), first.json());
    let id = first.json()["job_id"].as_str().unwrap().to_owned();
    wire.job_with(&id, "completed").await;
    let paused = ask(&wire, CLIENT, "POST", "/schedules/yearly/pause").await;
    assert_eq!(paused.status, 200, "{}", paused.text);
    assert_eq!(paused.json()["paused"]["by"], "tester");
    assert_eq!(paused.json()["next_run"], Value::Null);
    assert_eq!(paused.json()["last_run"]["how"], "manual");
    let resumed = ask(&wire, CLIENT, "POST", "/schedules/yearly/resume").await;
    assert_eq!(resumed.json()["paused"], Value::Null);
    let at = resumed.json()["next_run"]["at"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(at.ends_with("-01-01T00:00:00+00:00"), "{at}");
}

#[tokio::test]
async fn what_the_engine_or_the_client_forbids_is_told() {
    let toml = r#"
[gone]
blueprint = "no_such"
interval_seconds = 60

[stranger]
blueprint = "plain"
interval_seconds = 60
client = "no-such"

[limited]
blueprint = "plain"
interval_seconds = 60
client = "limited"

[poor]
blueprint = "plain"
interval_seconds = 60
client = "poor"
"#;
    let (_dir, path) = file(toml);
    let wire = wire(&path).await;
    for (name, reason, status, code) in [
        (
            "gone",
            "no blueprint named 'no_such'",
            404,
            "BLUEPRINT_NOT_FOUND",
        ),
        (
            "stranger",
            "the schedule's client 'no-such' is not configured",
            409,
            "SCHEDULE_REFUSED",
        ),
        (
            "limited",
            "the schedule's client 'limited' may not start 'plain'",
            409,
            "SCHEDULE_REFUSED",
        ),
        (
            "poor",
            "the quota of 0 jobs is used up",
            429,
            "MONTHLY_QUOTA",
        ),
    ] {
        let schedule = when(&wire, name, |it| it["refused"].is_object()).await;
        assert_eq!(schedule["refused"]["reason"], reason);
        assert_eq!(schedule["last_run"], Value::Null);
        let run = ask(&wire, ADMIN, "POST", &format!("/schedules/{name}/run")).await;
        assert_eq!(
            (run.status.as_u16(), run.json()["code"].as_str()),
            (status, Some(code))
        );
    }
}

#[tokio::test]
async fn the_file_is_read_again_when_it_changes() {
    let (_dir, path) = file("");
    let wire = wire(&path).await;
    assert!(names(&ask(&wire, ADMIN, "GET", "/schedules").await).is_empty());
    std::fs::write(&path, TOML).unwrap();
    when_file(&wire, |json| {
        json["schedules"].as_array().unwrap().len() == 3
    })
    .await;
    std::fs::write(&path, "[x]\nblueprint = \"plain\"\ncron = \"no\"\n").unwrap();
    let json = when_file(&wire, |json| json["file"]["problems"] != json!([])).await;
    assert_eq!(json["file"]["problems"][0]["line"], 3);
    assert_eq!(json["schedules"].as_array().unwrap().len(), 3);
}

async fn when_file(wire: &Wire, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let json = ask(wire, ADMIN, "GET", "/schedules").await.json();
        if wanted(&json) {
            return json;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{json}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_server_without_schedules_has_none() {
    let wire = Wire::start().await;
    assert_eq!(
        wire.get("/api/schedules").await.json(),
        json!({"schedules": []})
    );
    let missing = wire.get("/api/schedules/x").await;
    assert_eq!(missing.json()["code"], "SCHEDULE_NOT_FOUND");
}
