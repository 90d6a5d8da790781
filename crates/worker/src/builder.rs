//! Putting a worker together.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use avtomatika_protocol::WorkerId;
use http::HeaderValue;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::delivered::{Delivered, Observer};
use crate::error::Error;
use crate::handler::Handlers;
use crate::http::{Connector, ServerUrl, TlsFiles};
use crate::outcome::IntoOutcome;
use crate::session::Shared;
use crate::settings::Settings;
use crate::slots::Slots;
use crate::task::TaskContext;
use crate::worker::Worker;

/// Tokio's semaphores can't count further than this on any machine.
const CONCURRENT_TASKS_MAX: u32 = 1_000_000;

/// Servers take no more in one request.
const BATCH_MAX: u32 = 256;

/// A worker in the making; mistakes come to light in [`build`](Self::build).
#[must_use = "a builder does nothing until it is built"]
pub struct WorkerBuilder {
    servers: Vec<String>,
    token: Option<String>,
    tls: TlsFiles,
    settings: Settings,
    type_limits: BTreeMap<String, u32>,
    handlers: Handlers,
    delivered: Option<Observer>,
    twice: Option<String>,
}

impl WorkerBuilder {
    pub(crate) fn new(server: String, worker_id: String) -> Self {
        Self {
            servers: vec![server],
            token: None,
            tls: TlsFiles::default(),
            settings: Settings::new(WorkerId(worker_id)),
            type_limits: BTreeMap::new(),
            handlers: Handlers::default(),
            delivered: None,
            twice: None,
        }
    }

    /// Works for one more server. Slots are shared between all of them.
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.servers.push(url.into());
        self
    }

    /// The token that proves to the server who this is (`X-Worker-Token`).
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// CAs and the worker's own certificate for `https://` servers. Without it the CAs of the
    /// system count, and no certificate is shown.
    pub fn tls(mut self, files: TlsFiles) -> Self {
        self.tls = files;
        self
    }

    /// What kind of worker this is, for people. Default: `worker`.
    pub fn worker_type(mut self, worker_type: impl Into<String>) -> Self {
        self.settings.worker_type = worker_type.into();
        self
    }

    /// How many tasks run at once. Default: 10.
    pub fn max_concurrent_tasks(mut self, tasks: u32) -> Self {
        self.settings.max_concurrent_tasks = tasks;
        self
    }

    /// How many tasks of one type run at once, within the limit for all.
    pub fn type_limit(mut self, task_type: impl Into<String>, tasks: u32) -> Self {
        self.type_limits.insert(task_type.into(), tasks);
        self
    }

    /// One more field of the registration, e.g. `resources`. A field the protocol itself has
    /// (`worker_id`, `supported_tasks`, …) is not replaced.
    pub fn describe(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.settings.description.insert(field.into(), value.into());
        self
    }

    /// How often the worker says that it lives. Default: what the server says, or 15 s. Never
    /// less often than three times a lease.
    pub fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.settings.heartbeat_interval = Some(interval);
        self
    }

    /// How long the server may hold a poll before it answers that there is nothing. Default: 30 s.
    pub fn poll_timeout(mut self, timeout: Duration) -> Self {
        self.settings.poll_timeout = timeout;
        self
    }

    /// How long running handlers may go on once the worker is told to stop. Default: 10 s.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.settings.drain_timeout = timeout;
        self
    }

    /// How long a handler may go on once its task is cancelled, before it is dropped at its next
    /// `.await`. Default: 10 s.
    pub fn cancel_grace(mut self, grace: Duration) -> Self {
        self.settings.cancel_grace = grace;
        self
    }

    /// How long an answer of the server may be, a task with its parameters included. Default:
    /// 64 MiB.
    pub fn answer_bytes_max(mut self, bytes: usize) -> Self {
        self.settings.answer_bytes_max = bytes;
        self
    }

    /// How many tasks, and how many results, one request carries at most: 1 to 256. For tasks of
    /// milliseconds, many at once. A result waits for no others: while a request is under way,
    /// those that become ready go with the next. Servers that know no batches get what they know.
    /// Default: 1.
    pub fn batch(mut self, most: u32) -> Self {
        self.settings.batch = most;
        self
    }

    /// Whether to keep a WebSocket open beside the polls, over which the server says at once what
    /// to stop. Without it, or where the server has none, heartbeats tell. Default: true.
    pub fn websocket(mut self, on: bool) -> Self {
        self.settings.websocket = on;
        self
    }

    /// The handler for one type of task. It runs many at once; a panic in it is reported as a
    /// failure worth another try and does no harm to others.
    pub fn task<F, R>(mut self, task_type: impl Into<String>, handler: F) -> Self
    where
        F: Fn(TaskContext) -> R + Send + Sync + 'static,
        R: Future<Output: IntoOutcome> + Send + 'static,
    {
        let task_type = task_type.into();
        if !self.handlers.add(&task_type, handler) {
            self.twice = Some(task_type);
        }
        self
    }

    /// Told of each result once the server has it, or said that it counts no more. Runs on the way
    /// to the next task, so it must be quick.
    pub fn on_delivered(
        mut self,
        observer: impl Fn(&Delivered<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.delivered = Some(Observer(Box::new(observer)));
        self
    }

    /// The worker.
    ///
    /// # Errors
    /// The first mistake in what the builder was told.
    pub fn build(mut self) -> Result<Worker, Error> {
        self.check()?;
        let token = self.token.as_deref().map(header).transpose()?;
        let servers = self
            .servers
            .iter()
            .map(|url| {
                ServerUrl::parse(url).map_err(|reason| Error::InvalidServer {
                    url: url.clone(),
                    reason,
                })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let tls = Arc::new(if servers.iter().any(|server| server.is_secure) {
            Connector::new(self.tls)?
        } else {
            Connector::default()
        });
        let settings = self.settings;
        let (id, max) = (&settings.worker_id, settings.answer_bytes_max);
        let clients: Vec<_> = servers
            .into_iter()
            .map(|server| Client::new(server, Arc::clone(&tls), id, token.clone(), max))
            .collect();
        let shared = Shared {
            slots: Slots::new(settings.max_concurrent_tasks, &self.type_limits),
            settings,
            handlers: self.handlers,
            delivered: self.delivered,
            sessions: clients.len(),
            draining: CancellationToken::new(),
        };
        Ok(Worker {
            shared: Arc::new(shared),
            clients,
        })
    }

    fn check(&mut self) -> Result<(), Error> {
        let name = &self.settings.worker_id.0;
        if name.is_empty() || name.len() > 128 || name.chars().any(char::is_control) {
            return Err(Error::InvalidWorkerId { name: name.clone() });
        }
        if let Some(task_type) = self.twice.take() {
            return Err(Error::DuplicateTask { task_type });
        }
        if self.handlers.types().next().is_none() {
            return Err(Error::NoTasks);
        }
        let invalid = |what: &str, reason| {
            Err(Error::InvalidLimit {
                what: what.into(),
                reason,
            })
        };
        if !(1..=CONCURRENT_TASKS_MAX).contains(&self.settings.max_concurrent_tasks) {
            return invalid("concurrent tasks", "it must be between 1 and 1,000,000");
        }
        if !(1..=BATCH_MAX).contains(&self.settings.batch) {
            return invalid("a batch", "it must be between 1 and 256");
        }
        for (task_type, limit) in &mut self.type_limits {
            if !self.handlers.has(task_type) {
                return invalid(task_type, "there is no handler for this task type");
            }
            if *limit == 0 {
                return invalid(task_type, "it must be 1 or more");
            }
            *limit = (*limit).min(self.settings.max_concurrent_tasks);
        }
        // Of two values for one key a reader would see either.
        for field in [
            "worker_id",
            "worker_type",
            "supported_tasks",
            "max_concurrent_tasks",
        ] {
            self.settings.description.remove(field);
        }
        self.settings.description.remove("task_type_limits");
        Ok(())
    }
}

fn header(token: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(token).map_err(|_| Error::InvalidToken)?;
    // Kept out of debug output.
    value.set_sensitive(true);
    Ok(value)
}

impl std::fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("servers", &self.servers)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
