//! The server under test, and ways to talk to it.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use avtomatika_engine::seal::Sealer;
use avtomatika_engine::storage::Store;
use avtomatika_engine::{Engine, Settings, service};
use avtomatika_server::{Access, ClientEntry, Options, Server};
use avtomatika_store::Memory;
use metrics_exporter_prometheus::PrometheusHandle;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::blueprint;

/// The client most tests speak for.
pub(crate) const CLIENT: &str = "test-client-token";
/// Another client.
pub(crate) const STRANGER: &str = "test-stranger-token";
/// The token all workers share, but for `guarded`.
pub(crate) const WORKER: &str = "test-worker-token";
/// The token of the worker `guarded` alone.
pub(crate) const GUARDED: &str = "test-guarded-token";
/// Where jobs for the blueprint `steps` are posted.
pub(crate) const STEPS: &str = "/api/v1/jobs/steps";
/// The largest body the server takes, bytes.
pub(crate) const BODY_MAX_BYTES: usize = 64 << 10;

/// A running server. Ends with the test.
pub(crate) struct Wire {
    pub(crate) addr: SocketAddr,
    /// The address without TLS beside, if there is one.
    pub(crate) local_only: Option<SocketAddr>,
    pub(crate) engine: Engine,
    pub(crate) http: reqwest::Client,
    shutdown: CancellationToken,
    server: Option<JoinHandle<bool>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Short times, so that what takes a minute in life takes a second here.
pub(crate) fn quick() -> Settings {
    Settings {
        lease_ms: 2_000,
        heartbeat_interval_ms: 300,
        broken_connection_grace_ms: 300,
        poll_timeout_ms: 3_000,
        ..Settings::default()
    }
}

/// The recorder is one a process, and so is its handle.
pub(crate) fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(avtomatika_server::metrics::install)
        .clone()
}

/// The clients and workers most tests speak for.
pub(crate) fn access() -> Access {
    let client = |id: &str, token: &str| ClientEntry {
        id: id.into(),
        token: token.to_owned(),
        trusted: false,
    };
    Access::default()
        .client(client("tester", CLIENT))
        .client(client("stranger", STRANGER))
        .worker_token(WORKER)
        .worker("guarded", GUARDED)
}

impl Wire {
    pub(crate) async fn start() -> Self {
        Self::with(quick()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let store = Arc::new(Memory::new(settings.lease_ms));
        Self::on(store, settings).await
    }

    pub(crate) async fn on(store: Arc<dyn Store>, settings: Settings) -> Self {
        Self::serving(store, settings, access(), |_| ()).await
    }

    /// A server that knows these clients and workers.
    pub(crate) async fn knowing(access: Access) -> Self {
        Self::set(access, |_| ()).await
    }

    /// A server that knows these clients and workers, with other options.
    pub(crate) async fn set(access: Access, adjust: impl FnOnce(&mut Options)) -> Self {
        let settings = quick();
        let store = Arc::new(Memory::new(settings.lease_ms));
        Self::serving(store, settings, access, adjust).await
    }

    pub(crate) async fn serving(
        store: Arc<dyn Store>,
        settings: Settings,
        access: Access,
        adjust: impl FnOnce(&mut Options),
    ) -> Self {
        let mut options = service::Options::new(store, Sealer::new([7; 32]))
            .blueprint(blueprint::steps())
            .blueprint(blueprint::plain());
        options.settings = settings;
        let engine = options.build();
        let mut options = Options::new(engine.clone(), access, metrics());
        options.body_max_bytes = BODY_MAX_BYTES;
        adjust(&mut options);
        let server = Server::bind(([127, 0, 0, 1], 0).into(), options)
            .await
            .unwrap();
        // A second time it says that there is one.
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let addr = server.local_addr().unwrap();
        let local_only = server.local_only_addr().unwrap();
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        let server = tokio::spawn(async move { server.run(stop).await.unwrap() });
        Self {
            addr,
            local_only,
            engine,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            shutdown,
            server: Some(server),
        }
    }

    /// Asks the server to stop. Answers whether every request ended in time.
    pub(crate) async fn stop(mut self) -> bool {
        self.shutdown.cancel();
        self.server.take().unwrap().await.unwrap()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("http://{}{path}", self.addr))
    }

    /// A GET as the usual client.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = self.request(Method::GET, path);
        answer(request.header("X-Avtomatika-Token", CLIENT)).await
    }

    /// A POST as the usual client.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).json(body);
        answer(request.header("X-Avtomatika-Token", CLIENT)).await
    }

    /// Posts a job and answers its id.
    pub(crate) async fn submit(&self, input: Value) -> String {
        let posted = self.post(STEPS, &input).await;
        assert_eq!(posted.status, 202, "{}", posted.text);
        posted.json()["job_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn job(&self, id: &str) -> Value {
        let read = self.get(&format!("/api/v1/jobs/{id}")).await;
        assert_eq!(read.status, 200, "{}", read.text);
        read.json()
    }

    /// Reads a job until it is as wanted; not for ever.
    pub(crate) async fn job_when(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let job = self.job(id).await;
            if wanted(&job) {
                return job;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "still {job}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Reads a job until it has this status.
    pub(crate) async fn job_with(&self, id: &str, status: &str) -> Value {
        self.job_when(id, |job| job["status"] == status).await
    }

    /// Any request of a worker.
    pub(crate) fn worker(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, &format!("/_worker{path}"))
            .header("X-Worker-Token", WORKER)
    }

    /// Registers a worker for task types. Answers its session.
    pub(crate) async fn register(&self, worker: &str, types: &[&str]) -> String {
        let body = json!({"worker_id": worker, "supported_tasks": types});
        self.register_as(&body).await
    }

    pub(crate) async fn register_as(&self, body: &Value) -> String {
        let request = self.worker(Method::POST, "/workers/register").json(body);
        let registered = answer(request).await;
        assert_eq!(registered.status, 200, "{}", registered.text);
        registered.json()["session_id"].as_str().unwrap().to_owned()
    }

    /// Polls, waiting so long. Answers the task.
    pub(crate) async fn poll(&self, worker: &str, wait: &str) -> Option<Value> {
        let path = format!("/workers/{worker}/tasks/next?timeout={wait}");
        let polled = answer(self.worker(Method::GET, &path)).await;
        match polled.status.as_u16() {
            200 => Some(polled.json()),
            204 => None,
            other => panic!("poll answered {other}: {}", polled.text),
        }
    }

    /// Polls and insists on a task.
    pub(crate) async fn take(&self, worker: &str) -> Value {
        self.poll(worker, "2s").await.expect("a task")
    }

    /// Reports a result as the seed era does: without a lease.
    pub(crate) async fn report(&self, worker: &str, task: &Value, result: Value) -> Answer {
        self.report_as(&json!({
            "job_id": task["job_id"],
            "task_id": task["task_id"],
            "worker_id": worker,
            "result": result,
        }))
        .await
    }

    pub(crate) async fn report_as(&self, body: &Value) -> Answer {
        answer(self.worker(Method::POST, "/tasks/result").json(body)).await
    }

    pub(crate) async fn beat(&self, worker: &str, body: &Value) -> Answer {
        let path = format!("/workers/{worker}");
        answer(self.worker(Method::PATCH, &path).json(body)).await
    }

    /// Waits until so many polls are parked.
    pub(crate) async fn parked(&self, count: usize) {
        let begun = Instant::now();
        while self.engine.stats().await.unwrap().parked_polls != count {
            assert!(
                begun.elapsed() < Duration::from_secs(5),
                "not {count} parked"
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

/// Sends a request and reads its answer to the end.
pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    Answer {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await.expect("a whole answer"),
    }
}
