//! Compressed answers and requests.

use std::io::{Read as _, Write as _};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, BODY_MAX_BYTES, CLIENT, STEPS, Wire};

/// An answer as it came, not unpacked.
struct Packed {
    status: u16,
    headers: reqwest::header::HeaderMap,
    bytes: Vec<u8>,
}

impl Packed {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn json(&self) -> Value {
        let bytes = match self.header("content-encoding") {
            Some("zstd") => zstd::decode_all(self.bytes.as_slice()).unwrap(),
            Some("gzip") => {
                let mut bytes = Vec::new();
                let mut decoder = flate2::read::GzDecoder::new(self.bytes.as_slice());
                decoder.read_to_end(&mut bytes).unwrap();
                bytes
            }
            None => self.bytes.clone(),
            Some(other) => panic!("{other}"),
        };
        serde_json::from_slice(&bytes).unwrap()
    }
}

async fn get(wire: &Wire, path: &str, accept: Option<&str>) -> Packed {
    let mut request = wire
        .request(Method::GET, path)
        .header("X-Avtomatika-Token", CLIENT)
        .header("X-Worker-Token", crate::harness::WORKER);
    if let Some(accept) = accept {
        request = request.header("Accept-Encoding", accept);
    }
    let response = request.send().await.unwrap();
    Packed {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        bytes: response.bytes().await.unwrap().to_vec(),
    }
}

fn long() -> Value {
    json!({"text": "so it goes ".repeat(100)})
}

#[tokio::test]
async fn long_answers_are_packed_as_asked() {
    let wire = Wire::start().await;
    let id = wire.submit(long()).await;
    let path = format!("/api/v1/jobs/{id}");
    let plain = get(&wire, &path, None).await;
    assert_eq!(plain.header("content-encoding"), None);
    for (accept, wanted) in [
        ("zstd", Some("zstd")),
        ("gzip", Some("gzip")),
        ("gzip, zstd", Some("zstd")),
        ("gzip, deflate, br, zstd", Some("zstd")),
        ("gzip, deflate", Some("gzip")),
        ("GZIP", Some("gzip")),
        ("gzip;q=1.0, zstd;q=0.5", Some("gzip")),
        ("zstd;q=0", None),
        ("deflate, br", None),
        ("identity", None),
    ] {
        let packed = get(&wire, &path, Some(accept)).await;
        assert_eq!(packed.header("content-encoding"), wanted, "{accept}");
        assert_eq!(packed.json(), plain.json(), "{accept}");
        assert_eq!(
            packed.header("content-type"),
            Some("application/json; charset=utf-8")
        );
        if wanted.is_some() {
            assert!(packed.bytes.len() < plain.bytes.len() / 2);
            assert_eq!(packed.header("vary"), Some("accept-encoding"));
        }
    }
}

#[tokio::test]
async fn short_answers_and_refusals_keep_their_headers() {
    let wire = Wire::start().await;
    let short = get(&wire, "/_public/status", Some("gzip")).await;
    assert_eq!(short.header("content-encoding"), None);
    assert_eq!(short.json(), json!({"status": "ok"}));
    // A refusal, with a header of its own.
    let request = wire
        .request(Method::DELETE, "/api/v1/jobs")
        .header("Accept-Encoding", "zstd");
    let refused = request.send().await.unwrap();
    assert_eq!(refused.status(), 405);
    assert!(refused.headers().contains_key("allow"));
    for _ in 0..3 {
        wire.submit(json!({"handler": "skips"})).await;
    }
    assert!(get(&wire, "/metrics", None).await.bytes.len() >= 500);
    let metrics = get(&wire, "/metrics", Some("gzip")).await;
    assert_eq!(metrics.header("content-encoding"), Some("gzip"));
    assert!(
        metrics
            .header("content-type")
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
}

#[tokio::test]
async fn a_task_in_a_packed_answer_is_still_its_workers() {
    let wire = Wire::start().await;
    wire.register("w", &["echo"]).await;
    let id = wire.submit(json!({"params": long()})).await;
    let polled = get(
        &wire,
        "/_worker/workers/w/tasks/next?timeout=1",
        Some("gzip"),
    )
    .await;
    assert_eq!(polled.status, 200);
    let task = polled.json();
    assert_eq!(task["job_id"], json!(id));
    wire.report("w", &task, json!({"data": {"done": true}}))
        .await;
    wire.job_with(&id, "completed").await;
}

async fn post(wire: &Wire, coding: &str, bytes: Vec<u8>) -> Answer {
    let request = wire
        .request(Method::POST, STEPS)
        .header("X-Avtomatika-Token", CLIENT)
        .header("Content-Encoding", coding)
        .body(bytes);
    crate::harness::answer(request).await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

#[tokio::test]
async fn packed_requests_are_unpacked() {
    let wire = Wire::start().await;
    let body = long().to_string();
    for (coding, bytes) in [
        ("gzip", gzip(body.as_bytes())),
        ("zstd", zstd(body.as_bytes())),
        ("identity", body.clone().into_bytes()),
    ] {
        let posted = post(&wire, coding, bytes).await;
        assert_eq!(posted.status, 202, "{coding}: {}", posted.text);
        let job = wire.job(posted.json()["job_id"].as_str().unwrap()).await;
        assert_eq!(job["initial_data"], long(), "{coding}");
    }
}

#[tokio::test]
async fn bad_packing_is_refused() {
    let wire = Wire::start().await;
    let whole = gzip(long().to_string().as_bytes());
    for (coding, bytes, status, code) in [
        ("gzip", b"{}".to_vec(), 400, "BODY_UNREADABLE"),
        ("zstd", whole.clone(), 400, "BODY_UNREADABLE"),
        (
            "gzip",
            whole[..whole.len() - 9].to_vec(),
            400,
            "BODY_UNREADABLE",
        ),
        ("br", b"{}".to_vec(), 415, "UNSUPPORTED_ENCODING"),
        ("gzip, gzip", whole.clone(), 415, "UNSUPPORTED_ENCODING"),
    ] {
        let refused = post(&wire, coding, bytes).await;
        assert_eq!(refused.status, status, "{coding}: {}", refused.text);
        assert_eq!(refused.json()["code"], code, "{coding}");
    }
}

#[tokio::test]
async fn a_bomb_is_refused_before_it_goes_off() {
    let wire = Wire::start().await;
    // 256 MiB in some 250 KiB, and far less as zstd.
    let mut once = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..256 {
        once.write_all(&zeros).unwrap();
    }
    let gzip = once.finish().unwrap();
    let zstd = zstd(&vec![b' '; 256 << 20]);
    assert!(zstd.len() < BODY_MAX_BYTES, "{}", zstd.len());
    let before = resident_kib();
    for (coding, bomb) in [("zstd", zstd), ("gzip", gzip)] {
        let begun = std::time::Instant::now();
        let refused = post(&wire, coding, bomb).await;
        assert_eq!(refused.status, 413, "{coding}: {}", refused.text);
        assert!(
            begun.elapsed() < std::time::Duration::from_secs(2),
            "{coding}"
        );
    }
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 32 << 10, "{grown} KiB more");
}

/// What this process has in memory, KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
