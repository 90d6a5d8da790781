//! Limits: refused with a status and a time to come back, never by falling over.

use reqwest::Method;
use serde_json::json;

use crate::harness::{BODY_MAX_BYTES, CLIENT, STEPS, STRANGER, Wire, answer, quick};
use crate::raw::Raw;

#[tokio::test]
async fn a_client_has_only_so_many_live_jobs() {
    let mut settings = quick();
    settings.live_jobs_per_client_max = 2;
    let wire = Wire::with(settings).await;
    wire.register("w", &["echo"]).await;
    let keyed = wire
        .request(Method::POST, STEPS)
        .header("X-Avtomatika-Token", CLIENT)
        .header("Idempotency-Key", "k");
    let first = answer(keyed.try_clone().unwrap().json(&json!({}))).await;
    assert_eq!(first.status, 202);
    wire.submit(json!({})).await;
    let refused = wire.post(STEPS, &json!({})).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["code"], "TOO_MANY_JOBS");
    assert!(
        refused
            .header("retry-after")
            .unwrap()
            .parse::<u32>()
            .unwrap()
            > 0
    );
    // A repetition is no new job, another client has its own, and an end makes room.
    assert_eq!(answer(keyed.json(&json!({}))).await.json(), first.json());
    let other = wire
        .request(Method::POST, STEPS)
        .header("X-Avtomatika-Token", STRANGER);
    let elsewhere = json!({"task": "other"});
    assert_eq!(answer(other.json(&elsewhere)).await.status, 202);
    let task = wire.take("w").await;
    wire.report("w", &task, json!({})).await;
    wire.submit(json!({})).await;
}

#[tokio::test]
async fn the_server_has_only_so_many_live_jobs() {
    let mut settings = quick();
    settings.live_jobs_max = 1;
    let wire = Wire::with(settings).await;
    wire.submit(json!({})).await;
    let other = wire
        .request(Method::POST, STEPS)
        .header("X-Avtomatika-Token", STRANGER);
    let refused = answer(other.json(&json!({}))).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["code"]),
        (503, &json!("OVERLOADED"))
    );
    assert!(refused.header("retry-after").is_some());
    let metrics = wire.get("/metrics").await.text;
    assert!(
        metrics.contains(r#"avtomatika_limit_hits_total{limit="live_jobs"}"#),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_poll_too_many_is_answered_at_once() {
    let mut settings = quick();
    settings.parked_polls_max = 1;
    let wire = Wire::with(settings).await;
    wire.register("w", &["echo"]).await;
    let mut parked = Raw::connect(wire.addr).await;
    parked.poll("w").await;
    wire.parked(1).await;
    let begun = std::time::Instant::now();
    assert!(wire.poll("w", "5s").await.is_none());
    assert!(begun.elapsed() < std::time::Duration::from_millis(500));
}

#[tokio::test]
async fn a_body_too_large_is_refused_everywhere() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let fits = "x".repeat(BODY_MAX_BYTES - 40);
    wire.submit(json!({"handler": "skips", "fits": fits})).await;
    let large = json!({"worker_id": "w", "large": "x".repeat(BODY_MAX_BYTES)}).to_string();
    for (method, path) in [
        (Method::POST, STEPS),
        (Method::POST, "/_worker/workers/register"),
        (Method::POST, "/_worker/tasks/result"),
        (Method::POST, "/_worker/events"),
        (Method::PATCH, "/_worker/workers/w"),
    ] {
        let request = wire
            .request(method, path)
            .header("X-Avtomatika-Token", CLIENT)
            .header("X-Worker-Token", crate::harness::WORKER)
            .body(large.clone());
        let refused = answer(request).await;
        assert_eq!(refused.status, 413, "{path}: {}", refused.text);
        assert_eq!(refused.json()["code"], "BODY_TOO_LARGE");
    }
}

#[tokio::test]
async fn a_body_that_hides_its_length_is_refused_too() {
    let wire = Wire::start().await;
    let mut raw = Raw::connect(wire.addr).await;
    let chunk = format!("{:x}\r\n{}\r\n", 4_096, "x".repeat(4_096));
    raw.send(format!(
        "POST {STEPS} HTTP/1.1\r\nhost: x\r\nx-avtomatika-token: {CLIENT}\r\n\
         transfer-encoding: chunked\r\n\r\n"
    ))
    .await;
    for _ in 0..=BODY_MAX_BYTES / 4_096 {
        raw.send(&chunk).await;
    }
    assert_eq!(raw.answer().await.status, 413);
}

#[tokio::test]
async fn the_refusal_of_a_very_large_body_reaches_its_client() {
    let wire = Wire::start().await;
    for mebibytes in [1, 8] {
        let request = wire
            .request(Method::POST, STEPS)
            .header("X-Avtomatika-Token", CLIENT)
            .body("x".repeat(mebibytes << 20));
        let refused = answer(request).await;
        assert_eq!(refused.status, 413, "{mebibytes} MiB: {}", refused.text);
    }
}

#[tokio::test]
async fn many_at_once_are_counted_as_exactly_as_one_after_the_other() {
    let mut settings = quick();
    settings.live_jobs_per_client_max = 10;
    let wire = Wire::with(settings).await;
    let posts = (0..40).map(|_| {
        let request = wire.request(Method::POST, STEPS);
        let request = request.header("X-Avtomatika-Token", CLIENT);
        tokio::spawn(answer(request.json(&json!({"task": "nobody_does_this"}))))
    });
    let posts: Vec<_> = posts.collect();
    let mut accepted = 0;
    for post in posts {
        accepted += u32::from(post.await.unwrap().status == 202);
    }
    assert_eq!(accepted, 10);
}
