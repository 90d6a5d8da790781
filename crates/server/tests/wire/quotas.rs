//! How many jobs a client may start in a month, and how many it may have under way.

use std::sync::Arc;

use avtomatika_engine::storage::Store;
use avtomatika_server::ClientConfig;
use avtomatika_store::{Embedded, EmbeddedOptions};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{Answer, STEPS, Wire, access, answer, quick};

const TOKEN: &str = "123456:TEST-TOKEN-SHOP";

async fn start(jobs: u64) -> Wire {
    let shop = ClientConfig::new("shop", TOKEN).monthly_attempts(jobs);
    Wire::knowing(access().client(shop)).await
}

fn post_request(wire: &Wire, body: &Value) -> RequestBuilder {
    wire.request(Method::POST, STEPS)
        .header("X-Avtomatika-Token", TOKEN)
        .json(body)
}

async fn post(wire: &Wire, body: &Value) -> Answer {
    answer(post_request(wire, body)).await
}

async fn get(wire: &Wire, path: &str) -> Answer {
    let request = wire.request(Method::GET, path);
    answer(request.header("X-Avtomatika-Token", TOKEN)).await
}

async fn used(wire: &Wire) -> u64 {
    let quota = get(wire, "/api/me").await.json()["quota"].clone();
    let number = |key: &str| quota[key].as_u64().unwrap();
    assert_eq!(number("used") + number("remaining"), number("limit"));
    number("used")
}

#[tokio::test]
async fn the_job_too_many_is_told_when_to_come_back() {
    let wire = start(2).await;
    for left in ["1", "0"] {
        let posted = post(&wire, &json!({})).await;
        assert_eq!(posted.status, 202, "{}", posted.text);
        assert_eq!(posted.header("x-quota-limit"), Some("2"));
        assert_eq!(posted.header("x-quota-remaining"), Some(left));
    }
    let refused = post(&wire, &json!({})).await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    let told = refused.json();
    assert_eq!(told["code"], "MONTHLY_QUOTA");
    assert_eq!(told["error"], "Quota exceeded or not configured");
    let hint = told["hint"].as_str().unwrap();
    assert!(hint.starts_with("2 jobs a month"), "{hint}");
    assert!(hint.contains("it begins anew in "), "{hint}");
    assert_eq!(refused.header("x-quota-limit"), Some("2"));
    assert_eq!(refused.header("x-quota-remaining"), Some("0"));
    let wait_s: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=31 * 24 * 3_600).contains(&wait_s), "{wait_s}");
    let me = get(&wire, "/api/me").await.json();
    assert_eq!(me["quota"]["used"], 2);
    assert_eq!(me["quota"]["remaining"], 0);
    let ends = me["quota"]["resets_at_ms"].as_u64().unwrap();
    assert!(ends.abs_diff(wire.engine.now_ms() + wait_s * 1_000) < 5_000);
    // Reading goes on, and others have their own.
    assert_eq!(
        get(&wire, "/api/jobs")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    wire.submit(json!({})).await;
    assert_eq!(wire.get("/api/me").await.json()["quota"], Value::Null);
}

#[tokio::test]
async fn only_accepted_new_jobs_count() {
    let wire = start(100).await;
    let posted = post(&wire, &json!({})).await;
    let id = posted.json()["job_id"].as_str().unwrap().to_owned();
    assert_eq!(used(&wire).await, 1);
    // Reading, listing, cancelling.
    for path in [
        "/api/jobs",
        "/api/workers",
        "/api/dashboard",
        &format!("/api/jobs/{id}"),
    ] {
        assert_eq!(get(&wire, path).await.status, 200);
    }
    let cancel = wire.request(Method::POST, &format!("/api/jobs/{id}/cancel"));
    answer(cancel.header("X-Avtomatika-Token", TOKEN)).await;
    assert_eq!(used(&wire).await, 1, "an ended job stays counted");
    // The same key again is the same job.
    for _ in 0..3 {
        let keyed = post_request(&wire, &json!({})).header("Idempotency-Key", "k");
        assert_eq!(answer(keyed).await.status, 202);
    }
    assert_eq!(used(&wire).await, 2);
    // Refused bodies.
    let bad = wire
        .request(Method::POST, STEPS)
        .header("X-Avtomatika-Token", TOKEN);
    assert_eq!(answer(bad.try_clone().unwrap().body("{")).await.status, 400);
    assert_eq!(answer(bad.body("x".repeat(1 << 20))).await.status, 413);
    let sealed = post(&wire, &json!({"$sealed": "x"})).await;
    assert_eq!(sealed.status, 400, "{}", sealed.text);
    assert_eq!(used(&wire).await, 2);
}

#[tokio::test]
async fn a_job_run_again_is_a_new_one() {
    let wire = start(2).await;
    let posted = post(&wire, &json!({"handler": "skips"})).await;
    let id = posted.json()["job_id"].as_str().unwrap().to_owned();
    let path = format!("/api/jobs/{id}");
    while get(&wire, &path).await.json()["status"] != "completed" {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let rerun = async || {
        let request = wire.request(Method::POST, &format!("{path}/rerun"));
        answer(request.header("X-Avtomatika-Token", TOKEN)).await
    };
    let again = rerun().await;
    assert_eq!(again.status, 202, "{}", again.text);
    assert_eq!(again.header("x-quota-remaining"), Some("0"));
    assert_eq!(used(&wire).await, 2);
    let refused = rerun().await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["code"]),
        (429, &json!("MONTHLY_QUOTA"))
    );
    assert_eq!(used(&wire).await, 2);
}

#[tokio::test]
async fn the_same_key_at_once_counts_once() {
    let wire = start(100).await;
    let posts: Vec<_> = (0..16)
        .map(|_| {
            let keyed = post_request(&wire, &json!({})).header("Idempotency-Key", "k");
            tokio::spawn(answer(keyed))
        })
        .collect();
    for posted in posts {
        assert_eq!(posted.await.unwrap().status, 202);
    }
    assert_eq!(used(&wire).await, 1);
}

async fn posted_at_once(wire: &Wire, count: usize) -> (usize, usize) {
    let posts: Vec<_> = (0..count)
        .map(|_| tokio::spawn(answer(post_request(wire, &json!({})))))
        .collect();
    let (mut accepted, mut refused) = (0, 0);
    for posted in posts {
        match posted.await.unwrap().status.as_u16() {
            202 => accepted += 1,
            429 => refused += 1,
            other => panic!("{other}"),
        }
    }
    (accepted, refused)
}

#[tokio::test]
async fn the_number_is_exact_under_load_in_memory() {
    let wire = start(20).await;
    assert_eq!(posted_at_once(&wire, 100).await, (20, 80));
    assert_eq!(used(&wire).await, 20);
}

#[tokio::test]
async fn the_number_is_exact_under_load_on_disk_and_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let start = async |jobs: u64| {
        let options = EmbeddedOptions::new(dir.path());
        let store: Arc<dyn Store> = Arc::new(Embedded::open(options, 1).unwrap());
        let shop = ClientConfig::new("shop", TOKEN).monthly_attempts(jobs);
        Wire::serving(store, quick(), access().client(shop), |_| ()).await
    };
    let wire = start(20).await;
    assert_eq!(posted_at_once(&wire, 100).await, (20, 80));
    wire.stop().await;
    let wire = start(20).await;
    assert_eq!(used(&wire).await, 20);
    assert_eq!(post(&wire, &json!({})).await.status, 429);
    wire.stop().await;
    // A larger quota counts on from there.
    let wire = start(25).await;
    assert_eq!(posted_at_once(&wire, 10).await, (5, 5));
    wire.stop().await;
}

#[tokio::test]
async fn a_quota_of_zero_allows_nothing() {
    let wire = start(0).await;
    assert_eq!(post(&wire, &json!({})).await.status, 429);
    assert_eq!(used(&wire).await, 0);
}

#[tokio::test]
async fn a_client_may_have_its_own_bound_on_jobs_under_way() {
    let shop = ClientConfig::new("shop", TOKEN).jobs_live_max(2);
    let wire = Wire::knowing(access().client(shop)).await;
    let first = post(&wire, &json!({})).await.json();
    assert_eq!(post(&wire, &json!({})).await.status, 202);
    let refused = post(&wire, &json!({})).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["code"], "TOO_MANY_JOBS");
    let path = format!("/api/jobs/{}/cancel", first["job_id"].as_str().unwrap());
    let cancel = wire.request(Method::POST, &path);
    assert_eq!(
        answer(cancel.header("X-Avtomatika-Token", TOKEN))
            .await
            .status,
        200
    );
    assert_eq!(post(&wire, &json!({})).await.status, 202);
}
