//! How often one may ask.

use std::time::Duration;

use avtomatika_server::ClientConfig;
use avtomatika_server::access::Rate;
use reqwest::Method;
use serde_json::json;

use crate::access_files::Folder;
use crate::harness::{Answer, CLIENT, STEPS, WORKER, Wire, access, answer};

const TOKEN: &str = "123456:TEST-TOKEN-RATED";
const SLOW: Rate = Rate {
    per_second: 0.5,
    burst: 3,
};

async fn get(wire: &Wire, path: &str, token: &str) -> Answer {
    let request = wire.request(Method::GET, path);
    answer(request.header("X-Avtomatika-Token", token)).await
}

fn assert_too_many(refused: &Answer) {
    assert_eq!(refused.status, 429, "{}", refused.text);
    let body = refused.json();
    assert_eq!(body["code"], "RATE_LIMITED");
    assert_eq!(body["error"], "Too Many Requests");
    assert!(body["hint"].is_string(), "{body}");
    let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=2).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_client_has_its_rate_and_others_theirs() {
    let access = access().client(ClientConfig::new("rated", TOKEN).rate(SLOW));
    let wire = Wire::knowing(access).await;
    for _ in 0..3 {
        assert_eq!(get(&wire, "/api/jobs", TOKEN).await.status, 200);
    }
    assert_too_many(&get(&wire, "/api/jobs", TOKEN).await);
    assert_too_many(&get(&wire, "/api/me", TOKEN).await);
    let post = wire.request(Method::POST, STEPS).json(&json!({}));
    assert_too_many(&answer(post.header("X-Avtomatika-Token", TOKEN)).await);
    for _ in 0..10 {
        assert_eq!(get(&wire, "/api/jobs", CLIENT).await.status, 200);
        assert_eq!(get(&wire, "/_public/status", TOKEN).await.status, 200);
    }
    let metrics = get(&wire, "/metrics", TOKEN).await.text;
    let hit = r#"avtomatika_limit_hits_total{limit="client_rate"}"#;
    assert!(metrics.contains(hit), "{metrics}");
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(get(&wire, "/api/jobs", TOKEN).await.status, 200);
}

#[tokio::test]
async fn a_reload_does_not_fill_the_bucket() {
    let table = |name: &str, rate: f64| {
        format!(
            "[{name}]\ntoken = \"123456:TEST-TOKEN-{name}\"\nrate_per_second = {rate}\nburst = 3\n"
        )
    };
    let folder = Folder::new(&table("A", 0.5), "");
    let wire = Wire::knowing(folder.access()).await;
    let me = async |name: &str| get(&wire, "/api/me", &format!("123456:TEST-TOKEN-{name}")).await;
    for _ in 0..3 {
        assert_eq!(
            me("A").await.json()["rate"],
            json!({"per_second": 0.5, "burst": 3})
        );
    }
    assert_eq!(me("A").await.status, 429);
    folder.clients(&(table("A", 0.5) + &table("B", 0.5)));
    // Until the file has been read again.
    while me("B").await.status == 401 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(me("A").await.status, 429);
}

#[tokio::test]
async fn workers_have_a_rate_only_if_told_so() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    for _ in 0..200 {
        assert!(wire.poll("w", "0").await.is_none());
    }

    let wire = Wire::knowing(access().worker_rate(Some(SLOW))).await;
    for worker in ["w1", "w2"] {
        wire.register(worker, &["echo"]).await;
        wire.poll(worker, "0").await;
        assert_eq!(wire.beat(worker, &json!({})).await.status, 200);
        assert_too_many(&wire.beat(worker, &json!({})).await);
    }
}

#[tokio::test]
async fn a_worker_may_have_a_rate_of_its_own() {
    let folder = Folder::new(
        "",
        "[\"pattern:slow-*\"]\ntoken = \"test-worker-token\"\nrate_per_second = 0.5\nburst = 3\n",
    );
    let wire = Wire::knowing(folder.access()).await;
    for _ in 0..3 {
        wire.register("slow-1", &["echo"]).await;
    }
    assert_too_many(&wire.beat("slow-1", &json!({})).await);
    wire.register("slow-2", &["echo"]).await;
    for _ in 0..10 {
        wire.register("fast", &["echo"]).await;
    }
}

#[tokio::test]
async fn wrong_tokens_are_slowed_down_and_right_ones_are_not() {
    let wire = Wire::knowing(access().failure_rate(Some(SLOW))).await;
    wire.register("w", &["echo"]).await;
    assert_eq!(get(&wire, "/api/jobs", "wrong-1").await.status, 401);
    assert_eq!(get(&wire, "/api/jobs", "wrong-2").await.status, 401);
    let beat = wire
        .request(Method::PATCH, "/_worker/workers/w")
        .header("X-Worker-Token", "wrong-3");
    assert_eq!(answer(beat.try_clone().unwrap()).await.status, 401);
    assert_too_many(&answer(beat).await);
    assert_too_many(&get(&wire, "/api/jobs", "wrong-4").await);
    let nameless = wire
        .request(Method::POST, "/_worker/workers/register")
        .header("X-Worker-Token", "wrong-5")
        .json(&json!({}));
    assert_too_many(&answer(nameless).await);
    // No token is no guess; and a right one works.
    let none = answer(wire.request(Method::GET, "/api/jobs")).await;
    assert_eq!(none.status, 401);
    assert_eq!(get(&wire, "/api/jobs", CLIENT).await.status, 200);
    let beat = wire
        .request(Method::PATCH, "/_worker/workers/w")
        .header("X-Worker-Token", WORKER);
    assert_eq!(answer(beat).await.status, 200);
}
