//! An orchestrator by script: what a job looks like at which time is decided by the test, parking
//! and waking as the contract says is done here.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

pub(crate) const TOKEN: &str = "123456:TEST-TOKEN";

/// What the server does with a posted action.
pub(crate) enum Reply {
    /// Accepts it; the frames say how the job looks at which time.
    Job(Vec<Frame>),
    /// Refuses it.
    Refuse(u16, Value),
    /// Answers something that isn't JSON.
    Garbage,
}

/// How a job looks from a time on.
#[derive(Clone)]
pub(crate) struct Frame {
    after: Duration,
    view: Value,
}

/// A job's looks from `after_ms` after its acceptance on.
pub(crate) fn frame(after_ms: u64, status: &str, view: Value) -> Frame {
    let mut view = view;
    view["status"] = status.into();
    Frame {
        after: Duration::from_millis(after_ms),
        view,
    }
}

/// A job that completes at once with this data.
pub(crate) fn completed(data: impl Into<Value>) -> Reply {
    Reply::Job(vec![frame(
        0,
        "completed",
        json!({"state_history": data.into()}),
    )])
}

/// A job that fails at once with this error.
pub(crate) fn failed(error: impl Into<Value>) -> Reply {
    let error = error.into();
    let text = error["message"].clone();
    Reply::Job(vec![frame(
        0,
        "failed",
        json!({"error": error, "error_message": text}),
    )])
}

struct Job {
    accepted: Instant,
    initial_data: Value,
    frames: Vec<Frame>,
    /// How many frames were shown: none is skipped, however slow the machine is.
    shown: usize,
}

type Script = Box<dyn FnMut(&Value) -> Reply + Send>;

struct Shared {
    posted: Vec<Value>,
    script: Script,
    jobs: HashMap<Uuid, Job>,
    waits: Vec<String>,
    /// Answers to job reads are cut off until then.
    dead_until: Option<Instant>,
}

#[derive(Clone)]
struct App(Arc<Mutex<Shared>>);

/// The running server; it ends with this value.
pub(crate) struct Server {
    pub(crate) url: String,
    app: App,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Starts a server that answers each action by the script.
    pub(crate) async fn start(script: impl FnMut(&Value) -> Reply + Send + 'static) -> Self {
        let app = App(Arc::new(Mutex::new(Shared {
            posted: Vec::new(),
            script: Box::new(script),
            jobs: HashMap::new(),
            waits: Vec::new(),
            dead_until: None,
        })));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let router = Router::new()
            .route(
                "/_public/status",
                get(|| async { axum::Json(json!({"status": "ok"})) }),
            )
            .route("/api/jobs/bot_runner", post(create))
            .route("/api/jobs/{id}", get(read))
            .with_state(app.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url: format!("http://{address}"),
            app,
            _tasks: tasks,
        }
    }

    /// The bodies posted so far.
    pub(crate) fn posted(&self) -> Vec<Value> {
        self.app.0.lock().unwrap().posted.clone()
    }

    /// The `wait` parameters of the reads so far.
    pub(crate) fn waits(&self) -> Vec<String> {
        self.app.0.lock().unwrap().waits.clone()
    }

    /// Cuts off reads for a while, as a restart does.
    pub(crate) fn play_dead(&self, time: Duration) {
        self.app.0.lock().unwrap().dead_until = Some(Instant::now() + time);
    }
}

fn refusal(status: u16, body: &Value) -> Response {
    (
        StatusCode::from_u16(status).unwrap(),
        axum::Json(body.clone()),
    )
        .into_response()
}

fn unauthorized(headers: &HeaderMap) -> Option<Response> {
    let token = headers
        .get("x-avtomatika-token")
        .and_then(|value| value.to_str().ok());
    let body = json!({"error": "Invalid token", "code": "UNAUTHORIZED",
        "ru": {"message": "Токен не подходит"}});
    (token != Some(TOKEN)).then(|| refusal(401, &body))
}

async fn create(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(refused) = unauthorized(&headers) {
        return refused;
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    let mut shared = app.0.lock().unwrap();
    shared.posted.push(body.clone());
    match (shared.script)(&body) {
        Reply::Refuse(status, body) => refusal(status, &body),
        Reply::Garbage => (StatusCode::OK, "<html>hello</html>").into_response(),
        Reply::Job(frames) => {
            let id = Uuid::now_v7();
            let job = Job {
                accepted: Instant::now(),
                initial_data: body,
                frames,
                shown: 0,
            };
            shared.jobs.insert(id, job);
            let body = json!({"status": "accepted", "job_id": id});
            (StatusCode::ACCEPTED, axum::Json(body)).into_response()
        }
    }
}

async fn read(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = unauthorized(&headers) {
        return refused;
    }
    let wait = query.get("wait").cloned().unwrap_or_default();
    app.0.lock().unwrap().waits.push(wait.clone());
    let seconds: u64 = wait.trim_end_matches('s').parse().unwrap_or(0);
    let until = Instant::now() + Duration::from_secs(seconds);
    let at_first = app.last_shown(id);
    loop {
        if app
            .0
            .lock()
            .unwrap()
            .dead_until
            .is_some_and(|until| Instant::now() < until)
        {
            // An answer that stops in the middle is what a killed server leaves.
            let cut = futures_cut();
            return (StatusCode::OK, cut).into_response();
        }
        let Some(now) = app.looks(id) else {
            return refusal(404, &json!({"error": "Not found", "code": "JOB_NOT_FOUND"}));
        };
        let ended = matches!(
            now["status"].as_str(),
            Some("completed" | "failed" | "quarantined" | "cancelled")
        );
        if ended || Some(&now["frame"]) != at_first.as_ref() || Instant::now() >= until {
            app.has_shown(id, &now);
            return axum::Json(now).into_response();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A body that ends before its time.
fn futures_cut() -> axum::body::Body {
    struct Cut(bool);
    impl Iterator for Cut {
        type Item = Result<Bytes, std::io::Error>;
        fn next(&mut self) -> Option<Self::Item> {
            if std::mem::replace(&mut self.0, true) {
                return Some(Err(std::io::Error::other("cut")));
            }
            Some(Ok(Bytes::from_static(b"{")))
        }
    }
    axum::body::Body::from_stream(futures_util::stream::iter(Cut(false)))
}

impl App {
    fn looks(&self, id: Uuid) -> Option<Value> {
        let shared = self.0.lock().unwrap();
        let job = shared.jobs.get(&id)?;
        let age = job.accepted.elapsed();
        let reached = job.frames.iter().filter(|frame| frame.after <= age).count();
        let current = reached.min(job.shown + 1).checked_sub(1);
        let mut view = json!({
            "id": id, "blueprint_name": "bot_runner", "current_state": "start_bot",
            "status": "pending", "initial_data": job.initial_data, "state_history": {},
            "retry_count": 0, "created_at_ms": 0, "updated_at_ms": 0, "frame": current,
        });
        let frame = current.and_then(|current| job.frames.get(current));
        let changes = frame.map(|frame| frame.view.clone()).unwrap_or_default();
        for (key, value) in changes.as_object().into_iter().flatten() {
            view[key] = value.clone();
        }
        Some(view)
    }

    /// The number of the frame the reader saw last; the first one, if it saw none yet.
    fn last_shown(&self, id: Uuid) -> Option<Value> {
        let shown = self.0.lock().unwrap().jobs.get(&id)?.shown;
        if shown > 0 {
            return Some(Value::from(shown - 1));
        }
        let view = self.looks(id)?;
        self.has_shown(id, &view);
        Some(view["frame"].clone())
    }

    fn has_shown(&self, id: Uuid, view: &Value) {
        let frame = view["frame"].as_u64().map_or(0, |frame| frame + 1);
        if let Some(job) = self.0.lock().unwrap().jobs.get_mut(&id) {
            job.shown = job.shown.max(frame as usize);
        }
    }
}
