//! Blueprints that come and go while the server runs, and what a submit reads beside its body.

use avtomatika_engine::blueprint::Builder;
use avtomatika_engine::{Action, Blueprint, EndAs};
use avtomatika_server::check_endpoint;
use reqwest::Method;
use serde_json::json;

use crate::harness::{self, CLIENT, STEPS, Wire};

fn blueprint(name: &str, mount: impl Fn(Builder) -> Builder) -> Blueprint {
    mount(Blueprint::builder(name))
        .start("start", |_| Ok(Action::transition("end")))
        .end("end", EndAs::Completed)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_blueprint_can_be_posted_to_from_when_it_is_installed_until_it_is_removed() {
    let wire = Wire::start().await;
    let path = "/api/v7/orders/new";
    assert_eq!(wire.post(path, &json!({})).await.status, 404);
    assert_eq!(wire.get("/api/v7/jobs").await.status, 404);
    let orders = blueprint("orders", |b| b.versioned_endpoint("v7", "/orders/new"));
    check_endpoint(&wire.engine, &orders).unwrap();
    wire.engine.install(orders).await.unwrap();
    let posted = wire.post(path, &json!({})).await;
    assert_eq!(posted.status, 202, "{}", posted.text);
    let id = posted.json()["job_id"].as_str().unwrap().to_owned();
    for path in [format!("/api/v7/jobs/{id}"), format!("/api/jobs/{id}")] {
        assert_eq!(wire.get(&path).await.json()["status"], "completed");
    }
    let read = wire.get(path).await;
    assert_eq!(
        (read.status.as_u16(), read.header("allow")),
        (405, Some("POST"))
    );
    assert_eq!(read.json()["code"], "METHOD_NOT_ALLOWED");
    // A path like it is nobody's endpoint, whatever the status.
    let mistyped = wire.post("/api/v7/orders/nwe", &json!({})).await;
    assert_eq!(mistyped.status, 404);
    assert_eq!(
        mistyped.json()["hint"],
        "no blueprint has the endpoint /api/v7/orders/nwe; did you mean /api/v7/orders/new?"
    );
    let mistyped = wire.post("/api/v1/jobs/stesp", &json!({})).await;
    assert_eq!(
        (mistyped.status.as_u16(), mistyped.header("allow")),
        (405, Some("GET,HEAD"))
    );
    assert_eq!(
        mistyped.json()["error"],
        "POST is not allowed at /api/v1/jobs/stesp"
    );
    assert_eq!(
        mistyped.json()["hint"],
        format!("no blueprint has the endpoint /api/v1/jobs/stesp; did you mean {STEPS}?")
    );
    let far = wire.post("/api/v1/jobs/quite-another", &json!({})).await;
    assert!(
        far.json()["hint"]
            .as_str()
            .unwrap()
            .ends_with("GET /api/blueprints lists those there are")
    );
    assert_eq!(wire.get("/api/nothing").await.json()["hint"], json!(null));
    assert!(wire.engine.remove("orders"));
    assert_eq!(wire.post(path, &json!({})).await.status, 404);
    assert_eq!(wire.get(&format!("/api/v7/jobs/{id}")).await.status, 404);
    assert_eq!(wire.get(&format!("/api/jobs/{id}")).await.status, 200);
}

#[tokio::test]
async fn an_endpoint_beside_a_list_leaves_the_list_alone() {
    let wire = Wire::start().await;
    let jobs = blueprint("jobs", |b| b.endpoint("/jobs"));
    check_endpoint(&wire.engine, &jobs).unwrap();
    wire.engine.install(jobs).await.unwrap();
    assert_eq!(wire.post("/api/jobs", &json!({})).await.status, 202);
    assert_eq!(wire.get("/api/jobs").await.status, 200);
    let put = wire.request(Method::PUT, "/api/jobs");
    let put = harness::answer(put.header("X-Avtomatika-Token", CLIENT)).await;
    assert_eq!(put.status, 405);
    assert_eq!(put.header("allow"), Some("GET,HEAD,POST"));
}

#[tokio::test]
async fn paths_that_are_ours_or_somebody_elses_are_refused_by_name() {
    let wire = Wire::start().await;
    let refused = |mounted: Blueprint| match check_endpoint(&wire.engine, &mounted) {
        Ok(()) => String::new(),
        Err(refused) => refused.to_string(),
    };
    let plain = |path: &'static str| blueprint("x", move |b| b.endpoint(path));
    let below = |version: &'static str, path: &'static str| {
        blueprint("x", move |b| b.versioned_endpoint(version, path))
    };
    assert_eq!(refused(plain("/jobs/mine")), "");
    assert_eq!(refused(below("v2", "/jobs/steps")), "");
    for taken in [
        plain("/jobs/17/cancel"),
        plain("/admin/reload"),
        below("v1", "/admin/purge"),
        below("jobs", "/mine"),
    ] {
        let said = refused(taken);
        assert!(said.ends_with("taken by the server"), "{said}");
    }
    for taken in [
        below("v1", "/jobs/steps"),
        plain("/v1/jobs/steps"),
        plain("/v1/hidden"),
    ] {
        let said = refused(taken);
        assert!(said.ends_with("taken by blueprint 'steps'"), "{said}");
    }
    // A new version of a blueprint may keep its endpoint.
    let again = blueprint("steps", |b| b.versioned_endpoint("v1", "/jobs/steps"));
    assert_eq!(refused(again), "");
}

#[tokio::test]
async fn a_submit_may_wait_for_the_end() {
    let wire = Wire::start().await;
    let ended = wire
        .post(&format!("{STEPS}?wait=5s"), &json!({"handler": "skips"}))
        .await;
    assert_eq!(ended.status, 200, "{}", ended.text);
    assert_eq!(ended.json()["status"], "completed");
    assert_eq!(ended.json()["state_history"]["skipped"], true);
    let running = wire.post(&format!("{STEPS}?wait=100ms"), &json!({})).await;
    assert_eq!(running.status, 202, "{}", running.text);
    assert_eq!(running.json()["status"], "accepted");
    wire.register("w", &["echo"]).await;
    let (path, input) = (format!("{STEPS}?wait=5"), json!({}));
    let (answer, ()) = tokio::join!(wire.post(&path, &input), async {
        for _ in 0..2 {
            let task = wire.take("w").await;
            wire.report("w", &task, json!({"data": {"n": 1}})).await;
        }
    });
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["state_history"]["n"], 1);
    for bad in ["soon", "-1", "1m", ""] {
        let refused = wire.post(&format!("{STEPS}?wait={bad}"), &json!({})).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["code"]),
            (400, &json!("INVALID_WAIT"))
        );
    }
}

#[tokio::test]
async fn a_read_may_wait_past_changes_for_the_end() {
    let wire = Wire::start().await;
    wire.register("w", &["echo", "second"]).await;
    let id = wire.submit(json!({"on": {"success": "second"}})).await;
    let path = format!("/api/v1/jobs/{id}?wait=5s");
    let until = format!("{path}&until=ended");
    let ((changed, ended), ()) = tokio::join!(
        async { tokio::join!(wire.get(&path), wire.get(&until)) },
        async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            for _ in 0..2 {
                let task = wire.take("w").await;
                wire.report("w", &task, json!({})).await;
            }
        }
    );
    assert_eq!(changed.json()["current_state"], "second");
    assert_eq!(ended.json()["status"], "completed");
    let refused = wire.get(&format!("/api/v1/jobs/{id}?until=doomsday")).await;
    assert_eq!(refused.json()["code"], "INVALID_WAIT");
}

#[tokio::test]
async fn labels_come_with_the_query() {
    let wire = Wire::start().await;
    let path = format!("{STEPS}?label=team:red&label=note:a:b%20c");
    let posted = wire.post(&path, &json!({"handler": "skips"})).await;
    assert_eq!(posted.status, 202, "{}", posted.text);
    let job = wire.job(posted.json()["job_id"].as_str().unwrap()).await;
    assert_eq!(job["labels"], json!({"team": "red", "note": "a:b c"}));
    for bad in ["label=red", "label=:red", "label=team:"] {
        let refused = wire.post(&format!("{STEPS}?{bad}"), &json!({})).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["code"]),
            (400, &json!("INVALID_LABEL")),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn a_webhook_is_an_address_and_is_never_shown() {
    let wire = Wire::start().await;
    let post = async |url: &str| {
        let request = wire.request(Method::POST, STEPS).json(&json!({}));
        let request = request.header("X-Avtomatika-Token", CLIENT);
        harness::answer(request.header("X-Avtomatika-Webhook", url)).await
    };
    let taken = post("https://example.com/hook?key=s3cret").await;
    assert_eq!(taken.status, 202, "{}", taken.text);
    let id = taken.json()["job_id"].as_str().unwrap().to_owned();
    let job = wire.get(&format!("/api/jobs/{id}")).await;
    assert!(!job.text.contains("s3cret"), "{}", job.text);
    for bad in ["ftp://example.com/", "example.com", "https://a b/"] {
        let refused = post(bad).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["code"]),
            (400, &json!("INVALID_WEBHOOK"))
        );
        assert!(!refused.text.contains(bad));
    }
}
