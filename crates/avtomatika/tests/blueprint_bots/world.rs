//! An engine, its clock, and workers that do what a test says.

use std::sync::Arc;

use avtomatika::blueprints::{BotRunnerOptions, bot_runner};
use avtomatika::engine::blueprint::DocumentKey;
use avtomatika::engine::clock::ManualClock;
use avtomatika::engine::seal::Sealer;
use avtomatika::engine::service::{EngineError, NewJob, Poll};
use avtomatika::engine::storage::{DocumentChange, Store};
use avtomatika::protocol::job::JobView;
use avtomatika::protocol::worker::{Outcome, ResultMessage, TaskMessage};
use avtomatika::protocol::{Failure, JobId, JobStatus};
use avtomatika::{Client, Engine, Memory, Options};
use serde_json::{Value, json};

pub(crate) const TASKS: [&str; 7] = [
    "start_bot",
    "update_bot",
    "restart_bot",
    "stop_bot",
    "get_logs",
    "list_bots",
    "check_status",
];
const LEASE_MS: u64 = 45_000;

/// The whole scene of a test.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
}

/// A task in a worker's hands.
pub(crate) struct Taken {
    pub(crate) worker: String,
    pub(crate) message: TaskMessage,
    pub(crate) params: Value,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(BotRunnerOptions::default(), Arc::new(Memory::new(LEASE_MS)))
    }

    pub(crate) fn with(options: BotRunnerOptions, store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ManualClock::at(1_700_000_000_000));
        let mut engine = Options::new(Arc::clone(&store), Sealer::new([0; 32]))
            .blueprint(bot_runner(options).unwrap());
        engine.clock = Arc::clone(&clock) as _;
        Self {
            engine: engine.build(),
            store,
            clock,
        }
    }

    /// A world with a worker.
    pub(crate) async fn staffed() -> Self {
        let world = Self::new();
        world.worker("w1").await;
        world
    }

    pub(crate) async fn worker(&self, name: &str) {
        let registration = json!({"worker_id": name, "supported_tasks": TASKS});
        let registration = serde_json::from_value(registration).unwrap();
        self.engine.register(registration).await.unwrap();
    }

    pub(crate) async fn post(&self, who: &str, body: Value) -> Result<JobId, EngineError> {
        let new = NewJob::new("bot_runner", client(who), body);
        self.engine.submit(new).await.map(|submitted| submitted.job)
    }

    /// Posts as `alice`.
    pub(crate) async fn ask(&self, body: Value) -> JobId {
        self.post("alice", body).await.unwrap()
    }

    pub(crate) async fn view_of(&self, who: &str, job: JobId) -> JobView {
        self.engine.job(&who.into(), job, None).await.unwrap()
    }

    pub(crate) async fn view(&self, job: JobId) -> JobView {
        self.view_of("alice", job).await
    }

    /// The failure a job ended in.
    pub(crate) async fn failed(&self, job: JobId) -> Failure {
        let view = self.view(job).await;
        assert_eq!(
            (view.status, view.current_state.as_str()),
            (JobStatus::Failed, "failed")
        );
        view.error.expect("a failed job says why")
    }

    /// The data of a job that completed.
    pub(crate) async fn completed(&self, job: JobId) -> Value {
        let view = self.view(job).await;
        assert_eq!(
            (view.status, view.current_state.as_str(), view.error),
            (JobStatus::Completed, "completed", None)
        );
        Value::Object(view.state_history)
    }

    /// The next task of a worker, if there is one.
    pub(crate) async fn poll(&self, worker: &str) -> Option<Taken> {
        let poll = Poll {
            worker: worker.into(),
            types: None,
            wait_ms: 0,
        };
        let message = self.engine.poll(poll).await.unwrap()?.message;
        let params = serde_json::from_str(message.params.get()).unwrap();
        Some(Taken {
            worker: worker.to_owned(),
            message,
            params,
        })
    }

    /// The next task of a worker, which must be of this type.
    pub(crate) async fn take(&self, worker: &str, task_type: &str) -> Taken {
        let taken = self.poll(worker).await;
        let taken = taken.unwrap_or_else(|| panic!("no {task_type} for {worker}"));
        assert_eq!(taken.message.task_type, task_type);
        taken
    }

    pub(crate) async fn idle(&self, worker: &str) {
        let taken = self.poll(worker).await.map(|taken| taken.message.task_type);
        assert_eq!(taken, None);
    }

    pub(crate) async fn report(&self, taken: &Taken, result: Outcome) {
        let message = ResultMessage {
            job_id: taken.message.job_id,
            task_id: taken.message.task_id,
            worker_id: taken.worker.as_str().into(),
            result,
            lease: taken.message.lease,
            want_next: false,
        };
        self.engine.report(message).await.unwrap();
    }

    pub(crate) async fn succeed(&self, taken: &Taken, data: Value) {
        self.report(taken, Outcome::success(data)).await;
    }

    pub(crate) async fn fail(&self, taken: &Taken, failure: Failure) {
        self.report(taken, Outcome::failure(&failure)).await;
    }

    /// Has a worker do its next task, which must be of this type.
    pub(crate) async fn serve(&self, worker: &str, task_type: &str, data: Value) -> Taken {
        let taken = self.take(worker, task_type).await;
        self.succeed(&taken, data).await;
        taken
    }

    /// Has `alice` start a bot, and `worker` do it.
    pub(crate) async fn start(&self, bot: &str, worker: &str) -> JobId {
        let job = self.ask(start(bot)).await;
        let taken = self.take(worker, "start_bot").await;
        let version = taken.params["spec_version"].as_u64().unwrap();
        self.succeed(&taken, started(version)).await;
        self.completed(job).await;
        job
    }

    /// Has `alice` stop a bot, and `worker` do it.
    pub(crate) async fn stop(&self, bot: &str, worker: &str) {
        let job = self.ask(on("stop", bot)).await;
        self.serve(worker, "stop_bot", json!({"status": "stopped"}))
            .await;
        self.completed(job).await;
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, ms: u64) {
        self.clock.advance(ms);
        self.engine.deal_with_due().await;
    }

    pub(crate) async fn document(&self, store: &str, key: &str) -> Option<Value> {
        let key = DocumentKey::new(store, key);
        self.store
            .document(&key)
            .await
            .unwrap()
            .map(|document| document.value)
    }

    /// What is remembered of a bot of `alice`.
    pub(crate) async fn bot(&self, bot: &str) -> Value {
        let document = self.document("bots", "user-alice").await;
        document.map_or(Value::Null, |document| document["bots"][bot].clone())
    }

    /// A version of a bot of `alice`.
    pub(crate) async fn spec(&self, bot: &str, version: u64) -> Option<Value> {
        self.document("bot_specs", &format!("user-alice/{bot}/{version}"))
            .await
    }

    /// Changes what is remembered of a bot of `alice` behind the blueprint's back.
    pub(crate) async fn change_bot(&self, bot: &str, change: impl FnOnce(&mut Value)) {
        let key = DocumentKey::new("bots", "user-alice");
        let document = self.store.document(&key).await.unwrap().unwrap();
        let mut value = document.value;
        change(&mut value["bots"][bot]);
        let change = DocumentChange {
            key,
            from_version: document.version,
            value: Some(value),
        };
        self.store.write_documents(vec![change]).await.unwrap();
    }

    /// Whether another start of `alice` finds a place.
    pub(crate) async fn has_place(&self) -> bool {
        let job = self.ask(start("probe")).await;
        let view = self.view(job).await;
        let code = view.error.and_then(|failure| failure.code);
        if code.as_deref() == Some("QUOTA_EXCEEDED") {
            return false;
        }
        self.engine.cancel(&"alice".into(), job).await.unwrap();
        true
    }
}

/// A client whose user is `user-<name>`; `root` is trusted.
pub(crate) fn client(name: &str) -> Arc<Client> {
    Arc::new(Client {
        trusted: name == "root",
        ..Client::new(name.into(), format!("user-{name}"))
    })
}

pub(crate) fn start(bot: &str) -> Value {
    json!({
        "action": "start", "bot_id": bot, "deployment_mode": "simple", "code": "print(1)",
        "env_vars": {"BOT_TOKEN": "123456:TEST-TOKEN"},
    })
}

pub(crate) fn update(bot: &str) -> Value {
    json!({
        "action": "update", "bot_id": bot, "deployment_mode": "simple", "code": "print(2)",
    })
}

pub(crate) fn on(action: &str, bot: &str) -> Value {
    json!({"action": action, "bot_id": bot})
}

pub(crate) fn started(version: u64) -> Value {
    json!({
        "status": "started", "container_id": "c1", "container_name": "n1",
        "started_at": "2026-01-01T00:00:00Z", "spec_version": version,
    })
}

pub(crate) fn code(failure: &Failure) -> &str {
    failure.code.as_deref().unwrap()
}

pub(crate) fn failure(code: &str, details: Value) -> Failure {
    Failure::new(code, "it went wrong").with("details", details)
}
