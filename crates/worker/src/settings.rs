//! Intervals and limits, with their defaults.

use std::time::Duration;

use avtomatika_protocol::WorkerId;
use serde_json::{Map, Value};

/// Everything a worker is told once. The builder fills it in.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) worker_id: WorkerId,
    pub(crate) worker_type: String,
    pub(crate) max_concurrent_tasks: u32,
    /// Registration fields the SDK knows nothing about.
    pub(crate) description: Map<String, Value>,
    /// Overrides what the server says.
    pub(crate) heartbeat_interval: Option<Duration>,
    /// How long the server may hold a poll.
    pub(crate) poll_timeout: Duration,
    /// How long running handlers may go on once the worker is told to stop.
    pub(crate) drain_timeout: Duration,
    /// How long a handler may go on once its task is cancelled; then it is dropped.
    pub(crate) cancel_grace: Duration,
    /// How much of an answer is read, a task and its parameters included.
    pub(crate) answer_bytes_max: usize,
    /// Tasks and results one request carries at most.
    pub(crate) batch: u32,
    /// Whether to open a channel to servers that have one.
    pub(crate) websocket: bool,
}

impl Settings {
    pub(crate) fn new(worker_id: WorkerId) -> Self {
        Self {
            worker_id,
            worker_type: "worker".to_owned(),
            max_concurrent_tasks: 10,
            description: Map::new(),
            heartbeat_interval: None,
            poll_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(10),
            cancel_grace: Duration::from_secs(10),
            answer_bytes_max: 64 * 1024 * 1024,
            batch: 1,
            websocket: true,
        }
    }
}
