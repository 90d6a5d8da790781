//! What happened to a job, and jobs of which nothing but that is left.

use std::sync::Arc;

use avtomatika_engine::Settings;
use avtomatika_engine::history::{EventKind, HistoryEvent};
use avtomatika_history::History;
use avtomatika_protocol::{ClientId, Failure, JobId, JobStatus};
use avtomatika_server::access::Role;
use avtomatika_server::{Access, ClientConfig, HistoryOptions};
use avtomatika_store::Memory;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{self, Answer, STRANGER, Wire, quick};
use crate::table::holds;

/// The token of a client with the role `admin`.
pub(crate) const ADMIN: &str = "test-admin-token";

/// A server with a history, and that history.
pub(crate) struct Remembering {
    pub(crate) wire: Wire,
    pub(crate) history: History,
    pub(crate) dir: tempfile::TempDir,
}

pub(crate) fn access() -> Access {
    harness::access().client(ClientConfig::new("admin", ADMIN).role(Role::Admin))
}

/// One whose history nobody fills but the test.
pub(crate) async fn remembering() -> Remembering {
    let dir = tempfile::tempdir().unwrap();
    let file = avtomatika_history::Location::file(dir.path().join("history.db"));
    let history = History::open(file).await.unwrap();
    let wire = serving(Some(history.clone())).await;
    Remembering { wire, history, dir }
}

pub(crate) async fn serving(history: Option<History>) -> Wire {
    let settings = Settings {
        history: history.is_some(),
        ..quick()
    };
    let store = Arc::new(Memory::new(settings.lease_ms));
    let wire = Wire::serving(store, settings, access(), |options| {
        options.history = history.map(HistoryOptions::new);
    });
    Box::pin(wire).await
}

pub(crate) fn id(n: u64) -> JobId {
    JobId(Uuid::from_u128(
        (u128::from(n) << 80) | (7 << 76) | (0b10 << 62) | u128::from(n),
    ))
}

/// An event of the usual client's job `n`, created at `n` milliseconds.
pub(crate) fn event(n: u64, version: u64, kind: EventKind, status: JobStatus) -> HistoryEvent {
    HistoryEvent {
        job_id: id(n),
        version,
        n: 0,
        at_ms: n + version,
        kind,
        client: ClientId::from("tester"),
        blueprint: Arc::from("steps"),
        blueprint_version: Arc::from(""),
        state: "start".to_owned(),
        previous_state: None,
        status,
        task_id: None,
        task_type: None,
        worker: None,
        attempt: None,
        parent: None,
        failure: None,
        details: None,
        created_at_ms: n,
        labels: None,
    }
}

/// A GET with this token.
pub(crate) async fn get(wire: &Wire, token: &str, path: &str) -> Answer {
    let request = wire.request(Method::GET, path);
    harness::answer(request.header("X-Avtomatika-Token", token)).await
}

/// A GET that is refused with this code.
pub(crate) async fn refused(wire: &Wire, path: &str, status: u16, code: &str) -> Answer {
    let answer = wire.get(path).await;
    assert_eq!(answer.status, status, "{path}: {}", answer.text);
    assert_eq!(answer.json()["code"], code, "{path}: {}", answer.text);
    answer
}

#[tokio::test]
async fn a_job_s_past_is_for_its_owner_and_admins() {
    let server = remembering().await;
    let wire = &server.wire;
    let events = [
        event(5, 1, EventKind::JobCreated, JobStatus::Pending),
        HistoryEvent {
            failure: Some(Failure::new("E", "it broke")),
            details: Some(json!({"why": "so"})),
            previous_state: Some("start".to_owned()),
            state: "failed".to_owned(),
            ..event(5, 2, EventKind::JobFailed, JobStatus::Failed)
        },
    ];
    server.history.write(&events).await.unwrap();
    let job = id(5);
    let wanted = json!([
        {"job_id": job, "version": 1, "n": 0, "at_ms": 6, "event_type": "job_created",
         "state": "start", "status": "pending"},
        {"job_id": job, "version": 2, "n": 0, "at_ms": 7, "event_type": "job_failed",
         "state": "failed", "previous_state": "start", "status": "failed",
         "error": {"code": "E", "message": "it broke"}, "details": {"why": "so"}},
    ]);
    for prefix in ["/api", "/api/v1"] {
        let told = wire.get(&format!("{prefix}/jobs/{job}/history")).await;
        assert_eq!(told.status, 200, "{}", told.text);
        assert_eq!(told.json(), wanted);
        assert_eq!(told.header("link"), None);
    }
    let path = format!("/api/jobs/{job}/history");
    assert_eq!(get(wire, ADMIN, &path).await.json(), wanted);
    let stranger = get(wire, STRANGER, &path).await;
    assert_eq!(stranger.status, 404);
    assert_eq!(stranger.json()["code"], "JOB_NOT_FOUND");
    let unknown = format!("/api/jobs/{}/history", id(6));
    refused(wire, &unknown, 404, "JOB_NOT_FOUND").await;
    refused(wire, "/api/jobs/none/history", 404, "JOB_NOT_FOUND").await;
}

#[tokio::test]
async fn a_long_past_comes_in_pages() {
    let server = remembering().await;
    let wire = &server.wire;
    let events: Vec<_> = (1..=25)
        .map(|version| event(5, version, EventKind::StateEntered, JobStatus::Running))
        .collect();
    server.history.write(&events).await.unwrap();
    let mut path = format!("/api/v1/jobs/{}/history?limit=10", id(5));
    let mut versions = Vec::new();
    for length in [10, 10, 5] {
        let page = wire.get(&path).await;
        let events = page.json();
        let events = events.as_array().unwrap();
        assert_eq!(events.len(), length);
        versions.extend(events.iter().map(|it| it["version"].as_u64().unwrap()));
        match next(&page) {
            Some(link) => path = link,
            None => assert_eq!(length, 5),
        }
    }
    assert_eq!(versions, (1..=25).collect::<Vec<_>>());
    for (query, code) in [
        ("limit=0", "INVALID_PAGE"),
        ("limit=1001", "INVALID_PAGE"),
        ("limit=x", "INVALID_PAGE"),
        ("cursor=x", "INVALID_CURSOR"),
        ("cursor=", "INVALID_CURSOR"),
    ] {
        let path = format!("/api/jobs/{}/history?{query}", id(5));
        refused(wire, &path, 400, code).await;
    }
}

/// The path in the `Link` header, which must agree with `X-Next-Cursor`.
pub(crate) fn next(page: &Answer) -> Option<String> {
    let link = page.header("link")?;
    let path = link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
    let cursor = page.header("x-next-cursor").unwrap();
    assert!(path.ends_with(&format!("cursor={cursor}")), "{link}");
    Some(path.to_owned())
}

#[tokio::test]
async fn a_deleted_job_is_still_known() {
    let server = remembering().await;
    let wire = &server.wire;
    let failed = HistoryEvent {
        failure: Some(Failure::new("E", "it broke")),
        ..event(5, 2, EventKind::JobFailed, JobStatus::Failed)
    };
    server.history.write(&[failed]).await.unwrap();
    let path = format!("/api/jobs/{}", id(5));
    let told = wire.get(&path).await;
    assert_eq!(told.status, 200, "{}", told.text);
    let wanted = json!({
        "id": id(5), "blueprint_name": "steps", "current_state": "start", "status": "failed",
        "error": {"code": "E", "message": "it broke"}, "error_message": "it broke",
        "created_at_ms": 5, "updated_at_ms": 7, "ended_at_ms": 7, "purged": true,
        "initial_data": null, "state_history": {}, "retry_count": 0,
    });
    assert_eq!(told.json(), wanted);
    let read: Result<avtomatika_protocol::job::JobView, _> = serde_json::from_str(&told.text);
    assert!(
        read.is_ok(),
        "a client that knows nothing of it reads it as a job: {read:?}"
    );
    assert_eq!(get(wire, STRANGER, &path).await.status, 404);
    assert_eq!(get(wire, ADMIN, &path).await.json(), wanted);
    let unknown = format!("/api/jobs/{}", id(6));
    refused(wire, &unknown, 404, "JOB_NOT_FOUND").await;
    // A living job is shown whole.
    let living = wire.submit(json!({"handler": "skips"})).await;
    assert_eq!(wire.job(&living).await["purged"], Value::Null);
}

#[tokio::test]
async fn without_a_history_lists_are_those_of_the_store() {
    let wire = serving(None).await;
    let job = wire.submit(json!({"handler": "skips"})).await;
    let list = wire.get("/api/v1/jobs").await;
    assert!(holds(&list.json(), &json!([{"id": job}])));
    assert_eq!(list.header("link"), None);
    for path in ["/api/v1/jobs?status=failed", "/api/v1/jobs?cursor=x"] {
        refused(&wire, path, 404, "HISTORY_OFF").await;
    }
    let path = format!("/api/jobs/{job}/history");
    refused(&wire, &path, 404, "HISTORY_OFF").await;
}

#[tokio::test]
async fn jobs_go_on_while_the_history_is_away() {
    // A port nobody listens on.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    let location = format!("postgres://u@{addr}/d").parse().unwrap();
    let wire = serving(Some(History::new(location))).await;
    let job = wire.submit(json!({"handler": "skips"})).await;
    let list = wire.get("/api/v1/jobs").await;
    assert!(holds(&list.json(), &json!([{"id": job}])), "{}", list.text);
    assert_eq!(wire.get("/api/jobs?offset=1").await.json(), json!([]));
    for path in [
        "/api/jobs?status=failed".to_owned(),
        format!("/api/jobs/{job}/history"),
        format!("/api/jobs/{}", id(5)),
    ] {
        let refusal = refused(&wire, &path, 503, "HISTORY_UNAVAILABLE").await;
        assert!(refusal.header("retry-after").is_some());
    }
}
