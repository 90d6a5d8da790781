//! Webhooks: posted, signed, repeated, and never posted where they must not be.

use std::sync::Arc;
use std::time::{Duration, Instant};

use avtomatika_server::{SigningKey, WebhookSettings};
use hmac::{Hmac, KeyInit as _, Mac as _};
use parking_lot::Mutex;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::harness::{CLIENT, STEPS, Wire, access, answer};
use crate::pauses;

const KEY: &str = "test-signing-key";

/// One request a receiver got.
#[derive(Clone, Debug)]
struct Got {
    head: String,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines();
        lines
            .find_map(|line| {
                let (key, value) = line.split_once(": ")?;
                key.eq_ignore_ascii_case(name).then_some(value)
            })
            .unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Somebody webhooks are posted to, who answers with these statuses in turn, then with the last.
struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<Got>>>,
    task: JoinHandle<()>,
}

impl Receiver {
    async fn start(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, statuses)
    }

    fn on(listener: TcpListener, statuses: &'static [u16]) -> Self {
        let url = format!("http://{}/hook?key=s3cret", listener.local_addr().unwrap());
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let kept = Arc::clone(&got);
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut text = String::new();
                let request = loop {
                    let mut bytes = [0; 4096];
                    let read = stream.read(&mut bytes).await.unwrap_or(0);
                    text.push_str(&String::from_utf8_lossy(&bytes[..read]));
                    let Some((head, body)) = text.split_once("\r\n\r\n") else {
                        assert!(read > 0, "{text}");
                        continue;
                    };
                    let got = Got {
                        head: head.to_owned(),
                        body: body.to_owned(),
                    };
                    if got.body.len() >= got.header("content-length").parse().unwrap_or(0) {
                        break got;
                    }
                };
                let status = {
                    let mut kept = kept.lock();
                    kept.push(request);
                    statuses[(kept.len() - 1).min(statuses.len() - 1)]
                };
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, got, task }
    }

    fn count(&self) -> usize {
        self.got.lock().len()
    }

    async fn requests(&self, count: usize) -> Vec<Got> {
        let begun = Instant::now();
        while self.count() < count {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "{:?}",
                self.got.lock()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.got.lock().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn wire(allow_private: bool) -> Wire {
    let wire = Wire::set(access(), |options| {
        let mut settings = WebhookSettings::new(SigningKey::new(KEY));
        settings.allow_private = allow_private;
        options.webhooks = Some(settings);
    })
    .await;
    wire.engine.install(pauses::pauses()).await.unwrap();
    wire
}

async fn submit(wire: &Wire, url: &str, input: Value) -> String {
    let request = wire.request(Method::POST, STEPS).json(&input);
    let request = request.header("X-Avtomatika-Token", CLIENT);
    let posted = answer(request.header("X-Avtomatika-Webhook", url)).await;
    assert_eq!(posted.status, 202, "{}", posted.text);
    posted.json()["job_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_jobs_end_is_posted_once_and_signed() {
    let wire = wire(true).await;
    let receiver = Receiver::start(&[204]).await;
    let id = submit(&wire, &receiver.url, json!({"handler": "skips"})).await;
    let got = receiver.requests(1).await.remove(0);
    assert!(
        got.head.starts_with("POST /hook?key=s3cret HTTP/1.1"),
        "{}",
        got.head
    );
    let body = got.json();
    assert_eq!(
        (&body["event"], &body["job_id"]),
        (&json!("job_finished"), &json!(id))
    );
    assert_eq!(body["status"], "completed");
    assert_eq!(got.header("x-avtomatika-event"), "job_finished");
    assert_eq!(got.header("x-avtomatika-attempt"), "1");
    assert!(uuid::Uuid::parse_str(got.header("x-avtomatika-delivery")).is_ok());
    let time = got.header("x-avtomatika-timestamp");
    let mut mac = Hmac::<sha2_011::Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(format!("{time}.{}", got.body).as_bytes());
    let hex = mac
        .finalize()
        .into_bytes()
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    assert_eq!(got.header("x-avtomatika-signature"), format!("v1={hex}"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.count(), 1);
    // Who delivers is nobody's business.
    assert_eq!(wire.get("/api/workers").await.json(), json!([]));
    assert_eq!(
        wire.get("/api/dashboard").await.json()["workers"]["total"],
        0
    );
}

#[tokio::test]
async fn what_is_not_taken_is_posted_again_until_it_is() {
    let wire = wire(true).await;
    let receiver = Receiver::start(&[500, 302, 200]).await;
    submit(&wire, &receiver.url, json!({"handler": "skips"})).await;
    let got = receiver.requests(3).await;
    let attempts: Vec<_> = got
        .iter()
        .map(|got| got.header("x-avtomatika-attempt"))
        .collect();
    assert_eq!(attempts, ["1", "2", "3"]);
    let same = |name: &str| {
        got.iter()
            .all(|one| one.header(name) == got[0].header(name))
    };
    assert!(same("x-avtomatika-delivery"));
    assert!(
        got.iter()
            .all(|one| one.body == got[0].body && one.head.starts_with("POST /hook"))
    );
}

#[tokio::test]
async fn a_receiver_that_was_away_gets_it_when_it_is_back() {
    let wire = wire(true).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    submit(
        &wire,
        &format!("http://{addr}/hook"),
        json!({"handler": "skips"}),
    )
    .await;
    // It goes away with the first delivery half taken.
    drop(listener.accept().await.unwrap());
    drop(listener);
    let receiver = Receiver::on(TcpListener::bind(addr).await.unwrap(), &[200]);
    let got = receiver.requests(1).await;
    assert_ne!(got[0].header("x-avtomatika-attempt"), "1");
    assert_eq!(got[0].json()["event"], "job_finished");
}

#[tokio::test]
async fn a_receiver_that_is_gone_for_good_is_left_alone() {
    let wire = wire(true).await;
    let receiver = Receiver::start(&[410]).await;
    submit(&wire, &receiver.url, json!({"handler": "skips"})).await;
    receiver.requests(1).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn nothing_is_dialled_that_is_not_public() {
    let wire = wire(false).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut asked = 0;
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "0x7f000001",
        "2130706433",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ] {
        let url = format!("http://{host}:{port}/");
        let request = wire
            .request(Method::POST, crate::harness::STEPS)
            .header("X-Avtomatika-Token", CLIENT)
            .header("X-Avtomatika-Webhook", &url)
            .json(&json!({"handler": "skips"}));
        let refused = answer(request).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["code"]),
            (400, &json!("WEBHOOK_REFUSED")),
            "{host}"
        );
        // What a blueprint names is looked at when it is posted to.
        pauses::submit_with(&wire, json!({"do": "ask", "notify": url})).await;
        asked += 1;
    }
    // Every one of them has been given up, and none has knocked.
    let begun = Instant::now();
    while wire.engine.stats().await.unwrap().live_jobs > asked {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let knocked = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
    assert!(knocked.is_err(), "{knocked:?}");
}

#[tokio::test]
async fn a_question_carries_a_token_that_decides() {
    let wire = wire(true).await;
    let receiver = Receiver::start(&[200]).await;
    let input = json!({"do": "ask", "notify": receiver.url});
    let id = pauses::submit_with(&wire, input).await;
    let body = receiver.requests(1).await.remove(0).json();
    assert_eq!(body["event"], "approval_requested");
    assert_eq!(body["decisions"], json!(["no", "yes"]));
    let decision = json!({"decision": "yes", "token": body["token"]});
    let path = body["approve_path"].as_str().unwrap();
    let taken = answer(wire.request(Method::POST, path).json(&decision)).await;
    assert_eq!(taken.status, 200, "{}", taken.text);
    assert_eq!(wire.job(&id).await["status"], "completed");
}

#[tokio::test]
async fn no_worker_from_outside_can_take_deliveries() {
    let wire = wire(true).await;
    let register = async |body: Value| {
        answer(wire.worker(Method::POST, "/workers/register").json(&body)).await
    };
    let named = register(json!({"worker_id": "avtomatika.x", "supported_tasks": ["echo"]})).await;
    assert_eq!(named.json()["code"], "INVALID_WORKER_ID");
    let typed =
        register(json!({"worker_id": "w", "supported_tasks": ["avtomatika.webhook"]})).await;
    assert_eq!(typed.json()["code"], "RESERVED_TASK_TYPE");
    wire.register("w", &["echo"]).await;
    let beat = wire
        .beat("w", &json!({"supported_tasks": ["avtomatika.webhook"]}))
        .await;
    assert_eq!(beat.json()["code"], "RESERVED_TASK_TYPE");
    let path = "/workers/w/tasks/next?timeout=0&types=echo,avtomatika.webhook";
    let polled = answer(wire.worker(Method::GET, path)).await;
    assert_eq!(polled.json()["code"], "RESERVED_TASK_TYPE");
    let path = "/workers/avtomatika.webhooks.x/tasks/next?timeout=0";
    let polled = answer(wire.worker(Method::GET, path)).await;
    assert_eq!(polled.json()["code"], "INVALID_WORKER_ID");
}
