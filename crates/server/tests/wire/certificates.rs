//! Workers that show certificates.

use std::sync::Arc;
use std::time::{Duration, Instant};

use avtomatika_server::access::WorkerAuth;
use avtomatika_server::tls::Tls;
use rcgen::SanType;
use serde_json::json;

use crate::access_files::Folder;
use crate::authority::{Authority, Drawer, Issued, Shows};
use crate::harness::{GUARDED, WORKER, Wire, access};

struct World {
    ca: Authority,
    drawer: Drawer,
    wire: Wire,
}

impl World {
    async fn new(auth: WorkerAuth, folder: Option<&Folder>) -> Self {
        let ca = Authority::new("ca");
        let drawer = Drawer::new(&ca.issue_server(), &ca);
        let tls = Tls::open(drawer.files()).unwrap();
        let mut access = access().worker_auth(auth);
        if let Some(folder) = folder {
            access = access.files(folder.files());
        }
        let wire = Wire::set(access, |options| {
            options.tls = Some(Arc::new(tls));
            options.local = Some(([127, 0, 0, 1], 0).into());
        })
        .await;
        Self { ca, drawer, wire }
    }

    /// What a poll of this worker is answered: status and message.
    async fn poll(&self, own: Option<&Issued>, token: Option<&str>, worker: &str) -> (u16, String) {
        let shows = Shows {
            certificate: own,
            ..Shows::nothing(&self.ca)
        };
        let request = poll_of(worker, token);
        let told = shows.ask(self.wire.addr, &request).await.unwrap();
        let text = told.body["error"].as_str().unwrap_or_default().to_owned();
        (told.status, text)
    }
}

fn poll_of(worker: &str, token: Option<&str>) -> String {
    let token = token.map_or(String::new(), |token| {
        format!("x-worker-token: {token}\r\n")
    });
    format!("GET /_worker/workers/{worker}/tasks/next?timeout=0 HTTP/1.1\r\nhost: x\r\n{token}\r\n")
}

/// The worker is let in, and told to register first.
const IN: (u16, &str) = (404, "Worker not found");
const NO_TOKEN: (u16, &str) = (401, "Missing X-Worker-Token header");
const NO_CERTIFICATE: (u16, &str) = (401, "Unauthorized: Missing client certificate.");
const MISMATCH: (u16, &str) = (
    401,
    "Unauthorized: Certificate CN 'w1' does not match worker_id 'w2'",
);
const WRONG: (u16, &str) = (401, "Unauthorized: No valid token found");

#[tokio::test]
async fn each_mode_lets_in_whom_it_says() {
    for (auth, rows) in [
        (
            WorkerAuth::Mixed,
            [IN, IN, MISMATCH, MISMATCH, NO_TOKEN, IN, WRONG, IN],
        ),
        (
            WorkerAuth::MtlsOnly,
            [
                IN,
                IN,
                MISMATCH,
                MISMATCH,
                NO_CERTIFICATE,
                NO_CERTIFICATE,
                NO_CERTIFICATE,
                IN,
            ],
        ),
        (
            WorkerAuth::TokenOnly,
            [NO_TOKEN, IN, NO_TOKEN, IN, NO_TOKEN, IN, WRONG, NO_TOKEN],
        ),
    ] {
        let world = World::new(auth, None).await;
        let w1 = world.ca.issue("w1");
        let guarded = world.ca.issue("guarded");
        let told = [
            world.poll(Some(&w1), None, "w1").await,
            world.poll(Some(&w1), Some(WORKER), "w1").await,
            world.poll(Some(&w1), None, "w2").await,
            world.poll(Some(&w1), Some(WORKER), "w2").await,
            world.poll(None, None, "w1").await,
            world.poll(None, Some(WORKER), "w1").await,
            world
                .poll(None, Some("123456:TEST-TOKEN-WRONG"), "w1")
                .await,
            // A worker with a token of its own needs none with a certificate.
            world.poll(Some(&guarded), None, "guarded").await,
        ];
        for (told, wanted) in told.iter().zip(rows) {
            assert_eq!((told.0, told.1.as_str()), wanted, "{auth:?}: {told:?}");
        }
    }
}

#[tokio::test]
async fn alternative_names_are_names_too() {
    let world = World::new(WorkerAuth::Mixed, None).await;
    let own = world.ca.issue_with("main-name", |params| {
        params.subject_alt_names = vec![
            SanType::DnsName("w1.example".try_into().unwrap()),
            SanType::URI("spiffe://example/w1".try_into().unwrap()),
        ];
    });
    for name in ["main-name", "w1.example", "spiffe:%2F%2Fexample%2Fw1"] {
        assert_eq!(world.poll(Some(&own), None, name).await.0, 404, "{name}");
    }
    assert_eq!(world.poll(Some(&own), None, "w1").await.0, 401);
}

#[tokio::test]
async fn a_whole_job_is_done_without_a_token() {
    let world = World::new(WorkerAuth::MtlsOnly, None).await;
    let own = world.ca.issue("w1");
    let mut connection = Shows::certificate(&world.ca, &own)
        .connect(world.wire.addr)
        .await
        .unwrap();
    let post = |path: &str, body: serde_json::Value| {
        let body = body.to_string();
        format!(
            "POST /_worker{path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let register = post(
        "/workers/register",
        json!({"worker_id": "w1", "supported_tasks": ["echo"]}),
    );
    assert_eq!(connection.ask(&register).await.unwrap().status, 200);
    let foreign = post("/workers/register", json!({"worker_id": "w2"}));
    assert_eq!(connection.ask(&foreign).await.unwrap().status, 401);
    let nameless = post("/workers/register", json!({"supported_tasks": []}));
    let told = connection.ask(&nameless).await.unwrap();
    assert_eq!(
        (told.status, &told.body["error"]),
        (400, &json!("Missing required field: worker_id"))
    );
    let client = avtomatika_engine::Client::new("tester".into(), "u");
    let new = avtomatika_engine::service::NewJob::new("steps", Arc::new(client), json!({}));
    world.wire.engine.submit(new).await.unwrap();
    let told = connection.ask(&poll_of("w1", None)).await.unwrap();
    assert_eq!(told.status, 200, "{told:?}");
    let result = post(
        "/tasks/result",
        json!({
            "job_id": told.body["job_id"],
            "task_id": told.body["task_id"],
            "worker_id": "w1",
            "result": {"data": {}},
        }),
    );
    let told = connection.ask(&result).await.unwrap();
    assert_eq!(told.body["status"], "result_accepted_success", "{told:?}");
}

#[tokio::test]
async fn a_disabled_worker_is_kept_out_whatever_it_shows() {
    let folder = Folder::new(
        "",
        "[w1]\ntoken = \"123456:TEST-TOKEN-W1\"\ndisabled = true\n",
    );
    let world = World::new(WorkerAuth::Mixed, Some(&folder)).await;
    let own = world.ca.issue("w1");
    let told = world.poll(Some(&own), None, "w1").await;
    assert_eq!(told, (403, "the worker 'w1' is disabled".to_owned()));
}

#[tokio::test]
async fn what_runs_on_the_same_machine_needs_no_certificate() {
    let world = World::new(WorkerAuth::MtlsOnly, None).await;
    let local = world.wire.local_only.unwrap();
    let url = format!("http://{local}/_worker/workers/guarded/tasks/next?timeout=0");
    for (token, status) in [(GUARDED, 404), (WORKER, 401)] {
        let request = world.wire.http.get(&url).header("X-Worker-Token", token);
        assert_eq!(crate::harness::answer(request).await.status, status);
    }
}

#[tokio::test]
async fn a_ca_that_is_taken_away_vouches_for_nobody_any_more() {
    let world = World::new(WorkerAuth::Mixed, None).await;
    let own = world.ca.issue("w1");
    let shows = Shows::certificate(&world.ca, &own);
    let mut parked = shows.connect(world.wire.addr).await.unwrap();
    let body = json!({"worker_id": "w1", "supported_tasks": ["echo"]}).to_string();
    let register = format!(
        "POST /_worker/workers/register HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(parked.ask(&register).await.unwrap().status, 200);
    let poll = "GET /_worker/workers/w1/tasks/next HTTP/1.1\r\nhost: x\r\n\r\n";
    parked.send(poll).await.unwrap();
    world.wire.parked(1).await;
    let other = Authority::new("other");
    world.drawer.put_ca(&other);
    let begun = Instant::now();
    let told = parked.answer().await.unwrap();
    assert!(begun.elapsed() < Duration::from_millis(2_500));
    assert_eq!(told.status, 401, "{told:?}");
    assert!(told.head.contains("connection: close"), "{told:?}");
    assert!(shows.ask(world.wire.addr, poll).await.is_err());
    // The new CA's certificates count.
    let renewed = other.issue("w1");
    let shows = Shows::certificate(&world.ca, &renewed);
    let told = shows
        .ask(world.wire.addr, &poll_of("w1", None))
        .await
        .unwrap();
    assert_eq!(told.status, 204, "{told:?}");
}
