//! An orchestrator that does as it is told, on a port of its own.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use avtomatika_worker::{Error, Worker, WorkerBuilder};

/// How long a test waits for something that should happen.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// What happens to a request instead of its answer.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Status(u16, Value),
    /// The connection is closed without an answer.
    HangUp,
    /// The answer comes late.
    Slow(Duration),
}

#[derive(Default)]
pub(crate) struct Log {
    pub(crate) registrations: Vec<Value>,
    pub(crate) polls: Vec<HashMap<String, String>>,
    pub(crate) polls_parked: usize,
    pub(crate) heartbeats: Vec<Value>,
    pub(crate) results: Vec<Value>,
    pub(crate) events: Vec<Value>,
    /// Paths, in the order the requests came.
    pub(crate) paths: Vec<String>,
}

#[derive(Default)]
struct Inner {
    log: Log,
    queue: VecDeque<Value>,
    session: Option<Uuid>,
    heartbeat_answers: VecDeque<Value>,
    result_faults: VecDeque<Fault>,
    register_faults: VecDeque<Fault>,
    poll_faults: VecDeque<Fault>,
    leases: u64,
}

pub(crate) struct Fake {
    inner: Mutex<Inner>,
    changed: Notify,
    seed_era: bool,
    lease_ms: u64,
    /// Whether it knows several tasks and results in one request.
    batches: bool,
    /// What is said over open channels.
    commands: broadcast::Sender<String>,
}

/// A fake that is listening, until it is dropped.
pub(crate) struct Listening {
    pub(crate) fake: Arc<Fake>,
    pub(crate) url: String,
    _stop: DropGuard,
}

impl std::ops::Deref for Listening {
    type Target = Fake;
    fn deref(&self) -> &Fake {
        &self.fake
    }
}

pub(crate) async fn start() -> Listening {
    listen(false, 60_000, true).await
}

pub(crate) async fn start_without_batches() -> Listening {
    listen(false, 60_000, false).await
}

pub(crate) async fn start_with_lease_ms(lease_ms: u64) -> Listening {
    listen(false, lease_ms, true).await
}

pub(crate) async fn start_seed_era() -> Listening {
    listen(true, 0, false).await
}

async fn listen(seed_era: bool, lease_ms: u64, batches: bool) -> Listening {
    let fake = Arc::new(Fake {
        inner: Mutex::default(),
        changed: Notify::new(),
        seed_era,
        lease_ms,
        batches,
        commands: broadcast::Sender::new(16),
    });
    let mut routes = Router::new()
        .route("/_worker/workers/register", post(register))
        .route("/_worker/workers/{id}", patch(heartbeat))
        .route("/_worker/workers/{id}/tasks/next", get(next))
        .route("/_worker/tasks/result", post(result))
        .route("/_worker/events", post(event))
        .route("/_worker/ws/{id}", get(channel));
    if batches {
        routes = routes.route("/_worker/tasks/results", post(results));
    }
    let routes = routes.with_state(Arc::clone(&fake));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    tokio::spawn(async move {
        tokio::select! {
            served = async { axum::serve(listener, routes).await } => served.unwrap(),
            () = stopped => {}
        }
    });
    Listening {
        fake,
        url,
        _stop: stop.drop_guard(),
    }
}

impl Fake {
    pub(crate) fn push(&self, task_type: &str, params: impl Into<Value>) -> String {
        let task_id = Uuid::now_v7().to_string();
        self.push_attempt(&task_id, 1, task_type, params);
        task_id
    }

    pub(crate) fn push_attempt(
        &self,
        task_id: &str,
        attempt: u32,
        task_type: &str,
        params: impl Into<Value>,
    ) {
        let task = json!({
            "job_id": Uuid::now_v7(), "task_id": task_id, "type": task_type, "params": params.into(),
            "tracing_context": {}, "attempt": attempt,
        });
        self.inner.lock().queue.push_back(task);
        self.changed.notify_waiters();
    }

    pub(crate) fn log<T>(&self, look: impl FnOnce(&Log) -> T) -> T {
        look(&self.inner.lock().log)
    }

    /// Channels that are open.
    pub(crate) fn channels(&self) -> usize {
        self.commands.receiver_count()
    }

    /// Says this over all of them.
    pub(crate) fn say(&self, command: &Value) {
        self.commands.send(command.to_string()).unwrap();
    }

    /// Closes all of them.
    pub(crate) fn hang_up(&self) {
        self.commands.send(String::new()).unwrap();
    }

    pub(crate) fn queued(&self) -> usize {
        self.inner.lock().queue.len()
    }

    /// Forgets the worker, as a restart without a store would.
    pub(crate) fn forget(&self) {
        self.inner.lock().session = None;
        self.changed.notify_waiters();
    }

    pub(crate) fn fail_results(&self, faults: impl IntoIterator<Item = Fault>) {
        self.inner.lock().result_faults.extend(faults);
    }

    pub(crate) fn fail_registrations(&self, faults: impl IntoIterator<Item = Fault>) {
        self.inner.lock().register_faults.extend(faults);
    }

    pub(crate) fn fail_polls(&self, faults: impl IntoIterator<Item = Fault>) {
        self.inner.lock().poll_faults.extend(faults);
    }

    pub(crate) fn answer_next_heartbeat(&self, answer: Value) {
        self.inner.lock().heartbeat_answers.push_back(answer);
    }

    /// Waits until the log looks as it should.
    pub(crate) async fn until(&self, what: &str, mut look: impl FnMut(&Log) -> bool) {
        let arrived = async {
            loop {
                let changed = self.changed.notified();
                if look(&self.inner.lock().log) {
                    return;
                }
                changed.await;
            }
        };
        if tokio::time::timeout(SOON, arrived).await.is_err() {
            let paths = self.log(|log| log.paths.join("\n"));
            panic!("waited in vain until {what}; requests so far:\n{paths}");
        }
    }

    pub(crate) async fn result_of(&self, task_id: &str) -> Value {
        self.until("there is a result", |log| {
            log.results.iter().any(|r| r["task_id"] == task_id)
        })
        .await;
        self.log(|log| {
            log.results
                .iter()
                .find(|result| result["task_id"] == task_id)
                .unwrap()
                .clone()
        })
    }

    fn take(&self, types: Option<&str>) -> Option<Value> {
        let mut inner = self.inner.lock();
        let fits = |task: &Value| {
            types.is_none_or(|types| types.split(',').any(|name| task["type"] == name))
        };
        let at = inner.queue.iter().position(fits)?;
        let mut task = inner.queue.remove(at)?;
        if !self.seed_era {
            inner.leases += 1;
            task["lease"] = json!(format!("{:016x}", inner.leases));
        }
        Some(task)
    }

    fn note(&self, path: &str, log: impl FnOnce(&mut Log)) {
        let mut inner = self.inner.lock();
        inner.log.paths.push(path.to_owned());
        log(&mut inner.log);
        drop(inner);
        self.changed.notify_waiters();
    }

    fn knows(&self, session: Option<&str>) -> bool {
        let known = self.inner.lock().session.map(|known| known.to_string());
        if self.seed_era {
            known.is_some()
        } else {
            known.is_some() && known.as_deref() == session
        }
    }
}

async fn suffer(fault: Option<Fault>) -> Option<Response> {
    match fault? {
        Fault::Status(status, body) => {
            let status = StatusCode::from_u16(status).unwrap();
            Some((status, Json(body)).into_response())
        }
        // Takes the connection down without a word, and without a panic message either.
        Fault::HangUp => std::panic::resume_unwind(Box::new("hang up")),
        Fault::Slow(delay) => {
            tokio::time::sleep(delay).await;
            None
        }
    }
}

fn unknown_session() -> Response {
    let body = json!({"error": "unknown session", "code": "UNKNOWN_SESSION"});
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

async fn register(
    State(fake): State<Arc<Fake>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let token = headers
        .get("x-worker-token")
        .map(|token| token.to_str().unwrap().to_owned());
    let fault = fake.inner.lock().register_faults.pop_front();
    fake.note("register", |log| log.registrations.push(body));
    if let Some(response) = suffer(fault).await {
        return response;
    }
    if token.as_deref() != Some("TEST-TOKEN") {
        let body = json!({"error": "Unauthorized: No valid token found"});
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    let session = Uuid::now_v7();
    fake.inner.lock().session = Some(session);
    if fake.seed_era {
        return Json(json!({"status": "registered"})).into_response();
    }
    let lease_ms = fake.lease_ms;
    Json(json!({
        "status": "registered", "session_id": session,
        "heartbeat_interval_ms": lease_ms / 4, "lease_ms": lease_ms,
    }))
    .into_response()
}

async fn heartbeat(
    State(fake): State<Arc<Fake>>,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let session = body["session_id"].as_str().map(str::to_owned);
    let running = body["running"].as_array().map_or(0, Vec::len);
    let path = format!("heartbeat {id} {} running {running}", body["status"]);
    fake.note(&path, |log| log.heartbeats.push(body.clone()));
    if !fake.knows(session.as_deref()) {
        let body = json!({"error": "Worker not found"});
        return (StatusCode::NOT_FOUND, Json(body)).into_response();
    }
    let answer = fake.inner.lock().heartbeat_answers.pop_front();
    Json(answer.unwrap_or(body)).into_response()
}

async fn next(
    State(fake): State<Arc<Fake>>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    struct Parked<'a>(&'a Fake);
    impl Drop for Parked<'_> {
        fn drop(&mut self) {
            self.0.inner.lock().log.polls_parked -= 1;
        }
    }

    let fault = fake.inner.lock().poll_faults.pop_front();
    fake.note(&format!("poll {id}"), |log| {
        log.polls_parked += 1;
        log.polls.push(query.clone());
    });
    let _parked = Parked(&fake);
    if let Some(response) = suffer(fault).await {
        return response;
    }
    let timeout: f64 = query["timeout"].parse().unwrap();
    let parked = async {
        loop {
            let changed = fake.changed.notified();
            if !fake.seed_era && !fake.knows(query.get("session").map(String::as_str)) {
                return unknown_session();
            }
            let types = query.get("types").map(String::as_str);
            if let Some(task) = fake.take(types) {
                let max = query.get("max").and_then(|max| max.parse::<usize>().ok());
                let Some(max) = max.filter(|_| fake.batches) else {
                    return Json(task).into_response();
                };
                let more = std::iter::from_fn(|| fake.take(types)).take(max - 1);
                let tasks: Vec<_> = std::iter::once(task).chain(more).collect();
                return Json(json!({ "tasks": tasks })).into_response();
            }
            changed.await;
        }
    };
    tokio::time::timeout(Duration::from_secs_f64(timeout), parked)
        .await
        .unwrap_or_else(|_| StatusCode::NO_CONTENT.into_response())
}

async fn result(State(fake): State<Arc<Fake>>, Json(body): Json<Value>) -> Response {
    let fault = fake.inner.lock().result_faults.pop_front();
    fake.note(&format!("result {}", body["result"]["status"]), |_| {});
    if let Some(response) = suffer(fault).await {
        return response;
    }
    let want_next = body["want_next"] == true;
    fake.note("result taken", |log| log.results.push(body));
    let mut answer = json!({"status": "result_accepted_success"});
    if want_next
        && !fake.seed_era
        && let Some(task) = fake.take(None)
    {
        answer["next_task"] = task;
    }
    Json(answer).into_response()
}

async fn results(State(fake): State<Arc<Fake>>, Json(body): Json<Value>) -> Response {
    let fault = fake.inner.lock().result_faults.pop_front();
    let results = body["results"].as_array().unwrap().clone();
    fake.note(&format!("results {}", results.len()), |_| {});
    if let Some(response) = suffer(fault).await {
        return response;
    }
    // As long as a server needs to write them down.
    tokio::time::sleep(Duration::from_millis(2)).await;
    let standing = json!({"status": "result_accepted_success"});
    let standings = vec![standing; results.len()];
    fake.note("results taken", |log| log.results.extend(results));
    let want = usize::try_from(body["want_next"].as_u64().unwrap()).unwrap();
    let tasks: Vec<_> = std::iter::from_fn(|| fake.take(None)).take(want).collect();
    Json(json!({"results": standings, "tasks": tasks})).into_response()
}

async fn event(State(fake): State<Arc<Fake>>, Json(body): Json<Value>) -> Response {
    fake.note("event", |log| log.events.push(body));
    Json(json!({"status": "ok"})).into_response()
}

/// A worker named `w 1` of the fake's, with its token.
pub(crate) fn worker(fake: &Listening) -> WorkerBuilder {
    Worker::builder(&fake.url, "w 1")
        .token("TEST-TOKEN")
        .poll_timeout(Duration::from_secs(5))
}

/// A worker at work.
pub(crate) struct Working {
    pub(crate) shutdown: CancellationToken,
    ended: tokio::task::JoinHandle<Result<(), Error>>,
}

pub(crate) fn run(worker: WorkerBuilder) -> Working {
    let shutdown = CancellationToken::new();
    let ended = tokio::spawn(worker.build().unwrap().run(shutdown.clone()));
    Working { shutdown, ended }
}

impl Working {
    /// Tells the worker to stop and waits until it has.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.ended().await.unwrap();
    }

    pub(crate) async fn ended(self) -> Result<(), Error> {
        tokio::time::timeout(SOON * 2, self.ended)
            .await
            .expect("the worker ends")
            .unwrap()
    }
}

async fn channel(State(fake): State<Arc<Fake>>, upgrade: WebSocketUpgrade) -> Response {
    let mut commands = fake.commands.subscribe();
    upgrade.on_upgrade(async move |mut socket| {
        while let Ok(command) = commands.recv().await {
            if command.is_empty() || socket.send(Message::Text(command.into())).await.is_err() {
                return;
            }
        }
    })
}
