//! Part A: what clients send and read, row by row.

use reqwest::Method;
use serde_json::json;

use crate::harness::Wire;
use crate::table::{Row, check_all, row};

const TOKEN: &[(&str, &str)] = &[("X-Avtomatika-Token", "test-client-token")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json; charset=utf-8")];
const STEPS: &str = "/api/v1/jobs/steps";
const SKIPS: &str = r#"{"handler":"skips"}"#;

/// Who may call: A.1.
fn tokens() -> Vec<Row> {
    let missing = "Missing X-Avtomatika-Token header";
    let unknown = "Unauthorized: Invalid token";
    let get = |id, headers| row(id, Method::GET, "/api/v1/jobs", 401).with(headers);
    vec![
        get("A.1 missing token", &[]).error(missing).answers(JSON),
        get(
            "A.1 missing token",
            &[("X-Orchestrator-Token", "test-client-token")],
        )
        .error(missing),
        get(
            "A.1 missing token",
            &[("Authorization", "Bearer test-client-token")],
        )
        .error(missing),
        get("A.1 unknown token", &[("X-Avtomatika-Token", "nobody's")]).error(unknown),
        get("A.1 unknown token", &[("X-Avtomatika-Token", "")]).error(unknown),
        get(
            "A.1 CLIENT_TOKEN",
            &[("X-Avtomatika-Token", "secure-orchestrator-token")],
        )
        .error(unknown),
        get(
            "A.1 unknown token",
            &[("X-Avtomatika-Token", "test-worker-token")],
        )
        .error(unknown),
        row("A.1 missing token", Method::POST, STEPS, 401)
            .sends(SKIPS)
            .error(missing),
        row("A.1 missing token", Method::GET, "/api/v1/workers", 401).error(missing),
        row("A.1 missing token", Method::GET, "/api/v1/dashboard", 401).error(missing),
        row(
            "A.1 missing token",
            Method::POST,
            "/api/v1/jobs/{waiting}/cancel",
            401,
        )
        .error(missing),
        row("A.1 owner", Method::GET, "/api/v1/jobs/{foreign}", 404)
            .with(TOKEN)
            .error("Job not found"),
        row(
            "A.1 owner",
            Method::POST,
            "/api/v1/jobs/{foreign}/cancel",
            404,
        )
        .with(TOKEN)
        .error("Job not found"),
    ]
}

/// Posting a job: A.3.
fn posting() -> Vec<Row> {
    let post = |status| row("A.3 POST endpoint", Method::POST, STEPS, status).with(TOKEN);
    let bad = |text| {
        row("A.3 POST endpoint, bad JSON", Method::POST, STEPS, 400)
            .with(TOKEN)
            .sends(text)
            .error("Invalid JSON body")
    };
    let accepted = json!({"status": "accepted", "job_id": "<uuid>"});
    let any = "A.3 any JSON value";
    vec![
        post(202).sends(SKIPS).body(accepted.clone()).answers(JSON),
        row(any, Method::POST, STEPS, 202)
            .with(TOKEN)
            .sends("[1]")
            .body(accepted.clone()),
        row(any, Method::POST, STEPS, 202)
            .with(TOKEN)
            .sends("\"text\"")
            .body(accepted.clone()),
        row(any, Method::POST, STEPS, 202)
            .with(TOKEN)
            .sends("null")
            .body(accepted.clone()),
        row(
            "A.3 mount, no version",
            Method::POST,
            "/api/jobs/plain",
            202,
        )
        .with(TOKEN)
        .sends("{}")
        .body(accepted),
        row(
            "A.3 mount, other prefix",
            Method::POST,
            "/api/jobs/steps",
            405,
        )
        .with(TOKEN)
        .sends(SKIPS),
        row(
            "A.3 mount, other prefix",
            Method::POST,
            "/api/v1/jobs/plain",
            405,
        )
        .with(TOKEN)
        .sends("{}"),
        row(
            "A.3 mount, other prefix",
            Method::POST,
            "/api/v2/jobs/steps",
            404,
        )
        .with(TOKEN)
        .sends(SKIPS),
        bad(""),
        bad("{"),
        bad("{\"a\": 1} trailing"),
        bad("not json"),
        bad("{'single': 1}"),
        row("A.3 POST endpoint, bad JSON", Method::POST, STEPS, 400)
            .with(TOKEN)
            .error("Invalid JSON body"),
        post(400).sends(r#"{"refuse":"BAD_INPUT"}"#).body(json!({
            "error": "refused", "code": "BAD_INPUT", "hint": "leave it out", "details": "as asked",
        })),
        post(400)
            .sends(r#"{"token":{"$sealed":"x"}}"#)
            .body(json!({"code": "RESERVED_KEY"})),
    ]
}

/// Reading, listing and cancelling: A.3.
fn reading() -> Vec<Row> {
    let get = |id, path, status| row(id, Method::GET, path, status).with(TOKEN);
    let cancel = |id, path, status| row(id, Method::POST, path, status).with(TOKEN);
    let page = |path| get("A.3 GET jobs, bad page", path, 400);
    vec![
        get("A.3 GET job", "/api/v1/jobs/{ended}", 200).answers(JSON),
        get("A.3 common routes", "/api/jobs/{ended}", 200),
        get("A.3 GET job, unknown", "/api/v1/jobs/{unknown}", 404).error("Job not found"),
        get("A.3 GET job, unknown", "/api/v1/jobs/not-an-id", 404).error("Job not found"),
        get("A.3 GET job, unknown", "/api/v1/jobs/%FF", 404),
        get("? wait", "/api/v1/jobs/{ended}?wait=10s", 200).body(json!({"status": "completed"})),
        get("? wait", "/api/v1/jobs/{waiting}?wait=20ms", 200)
            .body(json!({"status": "waiting_for_worker"})),
        get("? wait", "/api/v1/jobs/{waiting}?wait=soon", 400)
            .body(json!({"code": "INVALID_WAIT"})),
        get("? wait", "/api/v1/jobs/{waiting}?wait=-1s", 400),
        get("? wait", "/api/v1/jobs/{waiting}?wait=1s&wait=2s", 400),
        get("? wait", "/api/v1/jobs/{unknown}?wait=1s", 404).error("Job not found"),
        cancel("A.3 cancel", "/api/v1/jobs/{waiting}/cancel", 200)
            .body(json!({"status": "cancellation_request_accepted"})),
        cancel("A.3 cancel, too late", "/api/v1/jobs/{waiting}/cancel", 409)
            .error("Job is not in a state that can be cancelled (must be waiting for a worker)."),
        cancel("A.3 cancel, too late", "/api/v1/jobs/{ended}/cancel", 409)
            .error("Job is not in a state that can be cancelled (must be waiting for a worker)."),
        cancel("A.3 cancel, unknown", "/api/v1/jobs/{unknown}/cancel", 404).error("Job not found"),
        cancel("A.3 cancel, unknown", "/api/v1/jobs/x/cancel", 404).error("Job not found"),
        get("A.3 GET jobs", "/api/v1/jobs?limit=0", 200).body(json!([])),
        get("A.3 GET jobs", "/api/v1/jobs?offset=1000", 200).body(json!([])),
        page("/api/v1/jobs?limit=ten").error("Invalid limit/offset parameter"),
        page("/api/v1/jobs?limit=-1").error("Invalid limit/offset parameter"),
        page("/api/v1/jobs?offset=1.5").error("Invalid limit/offset parameter"),
        page("/api/v1/jobs?limit=").error("Invalid limit/offset parameter"),
        page("/api/v1/jobs?limit=1&limit=2"),
        get("A.3 GET dashboard", "/api/v1/dashboard", 200).body(json!({
            "workers": {"total": 0}, "jobs": {"queued": "<any>"},
        })),
        get("A.3 GET workers", "/api/v1/workers", 200).body(json!([])),
    ]
}

/// What needs no token, and what there isn't: A.0, A.3.
fn open() -> Vec<Row> {
    let get = |id, path, status| row(id, Method::GET, path, status);
    let wrong = |method, path, allow| row("A.0 wrong method", method, path, 405).answers(allow);
    vec![
        get("A.3 GET status", "/_public/status", 200).body(json!({"status": "ok"})),
        get("A.0 unknown path", "/nowhere", 404)
            .body(json!({"code": "NOT_FOUND"}))
            .answers(JSON),
        get("A.0 unknown path", "/api/v1/jobs/{ended}/more", 404),
        get("A.0 unknown path", "/_worker/nowhere", 404),
        get("A.0 unknown path", "/_public/debug/flush_db", 404),
        row("A.3 flush_db", Method::POST, "/_public/debug/flush_db", 404),
        wrong(
            Method::DELETE,
            "/api/v1/jobs/{ended}",
            &[("allow", "GET,HEAD")],
        ),
        wrong(Method::POST, "/_public/status", &[("allow", "GET,HEAD")]),
        wrong(Method::GET, "/_worker/tasks/result", &[("allow", "POST")]),
        wrong(Method::POST, "/_worker/workers/w", &[("allow", "PATCH")]),
        wrong(Method::PUT, "/api/v1/jobs/steps", &[("allow", "POST")]),
    ]
}

pub(crate) fn all() -> Vec<Row> {
    [tokens(), posting(), reading(), open()].concat()
}

#[tokio::test]
async fn clients_are_answered_as_the_contract_says() {
    let wire = Wire::start().await;
    check_all(&wire, &all()).await;
}
