//! What people do to jobs: decide, send events, cancel, run again, release, discard.

use avtomatika_engine::service::{Poll, WEBHOOK_TASK};
use avtomatika_protocol::worker::Registration;
use avtomatika_server::ClientConfig;
use avtomatika_server::access::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, CLIENT, STRANGER, Wire, access, answer};
use crate::pauses::{self, submit, submit_with};

async fn post(wire: &Wire, path: &str, token: Option<&str>, body: &str) -> Answer {
    let mut request = wire.request(Method::POST, path).body(body.to_owned());
    if let Some(token) = token {
        request = request.header("X-Avtomatika-Token", token);
    }
    answer(request).await
}

fn approval(id: &str) -> String {
    format!("/_public/webhooks/approval/{id}")
}

const YES: &str = r#"{"decision": "yes", "by": "Ann", "comment": "why not"}"#;

#[tokio::test]
async fn a_decision_moves_the_job_and_says_who_made_it() {
    let wire = pauses::wire().await;
    for (path, state) in [(true, "completed"), (false, "refused")] {
        let id = submit(&wire, "ask").await;
        let job = wire.job(&id).await;
        assert_eq!(job["status"], "waiting_for_human");
        assert_eq!(job["approval"]["message"], "Shall we?");
        assert_eq!(job["waiting"]["reason"], "approval");
        let (path, body) = match path {
            true => (approval(&id), YES),
            false => (
                format!("/api/v1/jobs/{id}/decision"),
                r#"{"decision": "no"}"#,
            ),
        };
        let taken = post(&wire, &path, Some(CLIENT), body).await;
        assert_eq!(taken.status, 200, "{}", taken.text);
        assert_eq!(
            taken.json(),
            json!({"status": "approval_received", "job_id": id})
        );
        let job = wire.job(&id).await;
        assert_eq!(job["current_state"], state);
        let by = &job["decisions"][0]["by"];
        assert_eq!(
            by,
            if state == "completed" {
                "Ann"
            } else {
                "tester"
            }
        );
        let again = post(&wire, &path, Some(CLIENT), body).await;
        assert_eq!(again.status, 409);
        assert_eq!(
            again.json()["error"],
            "Job is not in a state that can be approved"
        );
    }
}

#[tokio::test]
async fn a_decision_that_cannot_be_taken_says_why() {
    let wire = pauses::wire().await;
    let id = submit(&wire, "ask").await;
    let unknown = "01890000-0000-7000-8000-000000000000";
    let rows: &[(&str, Option<&str>, &str, u16, &str)] = &[
        (&id, Some(CLIENT), "{", 400, "Invalid JSON body"),
        (&id, Some(CLIENT), "[]", 400, "Invalid JSON body"),
        (&id, Some(CLIENT), "{}", 400, "decision is required in body"),
        (
            &id,
            Some(CLIENT),
            r#"{"decision": 1}"#,
            400,
            "decision must be a text",
        ),
        (
            &id,
            Some(CLIENT),
            r#"{"decision": "maybe"}"#,
            400,
            "Invalid decision 'maybe' for this job",
        ),
        (
            &id,
            Some(CLIENT),
            r#"{"decision": "timeout"}"#,
            400,
            "Invalid decision 'timeout' for this job",
        ),
        (unknown, Some(CLIENT), YES, 404, "Job not found"),
        ("nonsense", Some(CLIENT), YES, 404, "Job not found"),
        (&id, Some(STRANGER), YES, 404, "Job not found"),
        (
            &id,
            Some("nobody's"),
            YES,
            401,
            "Unauthorized: Invalid token",
        ),
        (&id, None, YES, 401, "Client authentication required"),
        // Whoever holds no token learns nothing of any job.
        (
            &id,
            None,
            r#"{"decision": "maybe", "token": "guess"}"#,
            401,
            "the token is not valid for this job",
        ),
        (
            unknown,
            None,
            r#"{"decision": "yes", "token": "guess"}"#,
            401,
            "the token is not valid for this job",
        ),
        (
            "nonsense",
            None,
            r#"{"decision": "yes", "token": "guess"}"#,
            401,
            "the token is not valid for this job",
        ),
    ];
    for (id, token, body, status, text) in rows {
        let said = post(&wire, &approval(id), *token, body).await;
        assert_eq!(
            (said.status.as_u16(), said.json()["error"].as_str()),
            (*status, Some(*text)),
            "{body}"
        );
    }
    assert_eq!(wire.job(&id).await["status"], "waiting_for_human");
    // The worker's answer can't be given in the worker's place.
    let id = submit(&wire, "task").await;
    let body = r#"{"decision": "success"}"#;
    assert_eq!(
        post(&wire, &approval(&id), Some(CLIENT), body).await.status,
        409
    );
}

/// The token a question was posted with, taken from the queue in the place of who posts it.
async fn token_of(wire: &Wire) -> String {
    let worker: Registration =
        serde_json::from_value(json!({"worker_id": "post", "supported_tasks": [WEBHOOK_TASK]}))
            .unwrap();
    let name = worker.worker_id.clone();
    wire.engine.register(worker).await.unwrap();
    let poll = Poll {
        worker: name,
        types: None,
        wait_ms: 2_000,
    };
    let handout = wire.engine.poll(poll).await.unwrap().expect("a delivery");
    let params: Value = serde_json::from_str(handout.message.params.get()).unwrap();
    assert_eq!(params["body"]["event"], "approval_requested");
    params["body"]["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_questions_token_is_good_for_one_decision_on_one_job() {
    let wire = pauses::wire().await;
    let url = "https://example.com/ask";
    let id = submit_with(&wire, json!({"do": "ask", "notify": url})).await;
    let other = submit(&wire, "ask").await;
    let token = token_of(&wire).await;
    let with = |decision: &str| json!({"decision": decision, "token": token}).to_string();
    let elsewhere = post(&wire, &approval(&other), None, &with("yes")).await;
    assert_eq!(elsewhere.json()["code"], "WRONG_TOKEN");
    let wrong = post(&wire, &approval(&id), None, &with("maybe")).await;
    assert_eq!(wrong.json()["code"], "UNKNOWN_DECISION");
    let path = format!("{}?token={token}", approval(&id));
    let taken = post(&wire, &path, None, r#"{"decision": "yes"}"#).await;
    assert_eq!(taken.status, 200, "{}", taken.text);
    let job = wire.job(&id).await;
    assert_eq!(job["decisions"][0]["by"], "token");
    assert!(!job.to_string().contains(&token));
    let again = post(&wire, &approval(&id), None, &with("no")).await;
    assert_eq!(again.json()["code"], "WRONG_TOKEN");
}

#[tokio::test]
async fn an_event_wakes_the_job_that_waits_for_it() {
    let wire = pauses::wire().await;
    let id = submit(&wire, "event").await;
    let path = format!("/api/v1/jobs/{id}/events");
    let sent = |body: Value| {
        let (wire, path) = (&wire, &path);
        async move { wire.post(path, &body).await }
    };
    let other = sent(json!({"name": "shipped"})).await;
    assert_eq!(other.status, 200, "{}", other.text);
    let hint = "the event is kept until the job waits for it; it waits for 'paid' now";
    assert_eq!(
        other.json(),
        json!({"status": "event_received", "job_id": id, "kept": true, "hint": hint})
    );
    assert_eq!(wire.job(&id).await["status"], "waiting_for_event");
    let body = json!({"name": "paid", "payload": {"sum": 5}}).to_string();
    assert_eq!(post(&wire, &path, Some(STRANGER), &body).await.status, 404);
    let paid = post(&wire, &path, Some(CLIENT), &body).await;
    assert_eq!(
        paid.json(),
        json!({"status": "event_received", "job_id": id})
    );
    let job = wire.job(&id).await;
    assert_eq!(job["status"], "completed");
    assert_eq!(job["state_history"]["paid"]["sum"], 5);
    for (body, status, code) in [
        (json!({"name": "paid"}), 409, "JOB_ENDED"),
        (json!({"payload": 1}), 400, "INVALID_JSON"),
        (json!({"name": ""}), 400, "MISSING_FIELD"),
        (json!({"name": "x".repeat(129)}), 400, "INVALID_MESSAGE"),
        (
            json!({"name": "x", "payload": "x".repeat(65_536)}),
            413,
            "BODY_TOO_LARGE",
        ),
    ] {
        let refused = sent(body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()["code"].as_str()),
            (status, Some(code))
        );
    }
}

#[tokio::test]
async fn a_job_can_be_cancelled_whatever_it_waits_for() {
    let wire = pauses::wire().await;
    for (what, status) in [
        ("ask", "waiting_for_human"),
        ("event", "waiting_for_event"),
        ("sleep", "sleeping"),
        ("fork", "waiting_for_parallel_tasks"),
        ("child", "waiting_for_sub_job"),
        ("task", "waiting_for_worker"),
    ] {
        let id = submit(&wire, what).await;
        let before = wire.job(&id).await;
        assert_eq!(before["status"], status);
        let cancelled = wire
            .post(&format!("/api/v1/jobs/{id}/cancel"), &json!({}))
            .await;
        assert_eq!(cancelled.status, 200, "{what}: {}", cancelled.text);
        assert_eq!(wire.job(&id).await["status"], "cancelled", "{what}");
        if let Some(child) = before["child_job_id"].as_str() {
            assert_eq!(wire.job(child).await["status"], "cancelled");
        }
    }
    // Nothing is left for anybody.
    wire.register("w", &["echo"]).await;
    assert!(wire.poll("w", "100ms").await.is_none());
}

#[tokio::test]
async fn a_quarantined_job_is_seen_released_and_discarded_by_its_owner_and_by_an_admin() {
    let admin = ClientConfig::new("boss", "123456:TEST-TOKEN-boss").role(Role::Admin);
    let wire = Wire::knowing(access().client(admin)).await;
    const BOSS: Option<&str> = Some("123456:TEST-TOKEN-boss");
    wire.engine.install(pauses::pauses()).await.unwrap();
    wire.register("w", &["echo"]).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = submit(&wire, "task").await;
        let task = wire.take("w").await;
        let error =
            json!({"status": "failure", "error": {"code": "PERMANENT_ERROR", "message": "broken"}});
        wire.report("w", &task, error).await;
        assert_eq!(wire.job(&id).await["status"], "quarantined");
        ids.push(id);
    }
    let list = async |path: &str, token: Option<&str>| {
        let mut request = wire.request(Method::GET, path);
        if let Some(token) = token {
            request = request.header("X-Avtomatika-Token", token);
        }
        answer(request).await
    };
    let mine = list("/api/jobs/quarantined?limit=2", Some(CLIENT))
        .await
        .json();
    assert_eq!(mine.as_array().unwrap().len(), 2);
    assert_eq!(mine[0]["id"], ids[2].as_str());
    assert_eq!(mine[0]["error"]["code"], "PERMANENT_ERROR");
    assert_eq!(mine[0]["client"], "tester");
    let seed = list("/_public/jobs/quarantined", Some(CLIENT)).await.json();
    assert_eq!(seed, json!([ids[2], ids[1], ids[0]]));
    assert_eq!(list("/_public/jobs/quarantined", None).await.status, 401);
    for path in ["/_public/jobs/quarantined", "/api/jobs/quarantined"] {
        assert_eq!(list(path, Some(STRANGER)).await.json(), json!([]));
    }
    let all = "/api/jobs/quarantined?all=true";
    assert_eq!(list(all, Some(STRANGER)).await.json()["code"], "FORBIDDEN");
    assert_eq!(list(all, BOSS).await.json().as_array().unwrap().len(), 3);
    assert_eq!(list("/api/jobs/quarantined", BOSS).await.json(), json!([]));
    let act = async |id: &str, what: &str, token: Option<&str>| {
        post(&wire, &format!("/api/jobs/{id}/{what}"), token, "").await
    };
    for what in ["release", "discard"] {
        assert_eq!(act(&ids[0], what, Some(STRANGER)).await.status, 404);
    }
    let released = act(&ids[0], "release", Some(CLIENT)).await;
    assert_eq!(
        released.json(),
        json!({"status": "released", "job_id": ids[0]})
    );
    let task = wire.take("w").await;
    wire.report("w", &task, json!({})).await;
    assert_eq!(wire.job(&ids[0]).await["status"], "completed");
    assert_eq!(act(&ids[1], "discard", Some(CLIENT)).await.status, 200);
    assert_eq!(wire.job(&ids[1]).await["status"], "cancelled");
    assert_eq!(act(&ids[2], "discard", BOSS).await.status, 200);
    let late = act(&ids[2], "release", BOSS).await;
    assert_eq!(late.json()["code"], "NOT_QUARANTINED");
    assert_eq!(list(all, BOSS).await.json(), json!([]));
}

#[tokio::test]
async fn an_ended_job_runs_again_as_another() {
    let wire = pauses::wire().await;
    let id = submit(&wire, "task").await;
    let path = format!("/api/v1/jobs/{id}/rerun");
    let early = post(&wire, &path, Some(CLIENT), "").await;
    assert_eq!(early.json()["code"], "NOT_ENDED");
    wire.register("w", &["echo"]).await;
    let task = wire.take("w").await;
    wire.report("w", &task, json!({})).await;
    assert_eq!(post(&wire, &path, Some(STRANGER), "").await.status, 404);
    for body in ["", r#"{"state": "start"}"#] {
        let again = post(&wire, &path, Some(CLIENT), body).await;
        assert_eq!(again.status, 202, "{}", again.text);
        let new = wire.job(again.json()["job_id"].as_str().unwrap()).await;
        assert_eq!(new["rerun_of"], id.as_str());
        assert_eq!(new["status"], "waiting_for_worker");
    }
    let wrong = post(&wire, &path, Some(CLIENT), r#"{"state": "nowhere"}"#).await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.json()["code"].as_str()),
        (400, Some("UNKNOWN_STATE"))
    );
    let bad = post(&wire, &path, Some(CLIENT), "{").await;
    assert_eq!(bad.json()["code"], "INVALID_JSON");
}
