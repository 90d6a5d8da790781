//! Results of what changes a bot.

use avtomatika_protocol::JobId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A bot that was started, updated or restarted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Deployed {
    /// The bot.
    #[serde(default)]
    pub bot_id: String,
    /// What became of it.
    pub status: Change,
    /// The container's id.
    #[serde(default)]
    pub container_id: Option<String>,
    /// The container's name.
    #[serde(default)]
    pub container_name: Option<String>,
    /// Since when it runs, RFC 3339.
    #[serde(default)]
    pub started_at: Option<String>,
    /// The version of its spec.
    #[serde(default)]
    pub spec_version: Option<Value>,
    /// The image it runs on.
    #[serde(default)]
    pub image: Option<String>,
    /// How long no version was running, milliseconds.
    #[serde(default)]
    pub gap_ms: Option<u64>,
    /// How long each step took, milliseconds.
    #[serde(default)]
    pub timings_ms: Option<Map<String, Value>>,
}

/// What became of a bot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It runs.
    #[default]
    Started,
    /// It ran already.
    AlreadyRunning,
    /// Its new version runs.
    Updated,
    /// It runs again.
    Restarted,
}

impl Deployed {
    /// How long the whole took for the runner, milliseconds.
    pub fn total_ms(&self) -> Option<u64> {
        self.timings_ms
            .as_ref()?
            .get("total")
            .and_then(Value::as_u64)
    }
}

/// A bot that was stopped.
#[derive(Clone, Debug, Serialize)]
pub struct Stopped {
    /// The bot.
    pub bot_id: String,
    /// Always `stopped`.
    pub status: &'static str,
    /// The container's name.
    pub container_name: Option<String>,
}

/// A job nobody waits for.
#[derive(Clone, Debug, Serialize)]
pub struct Accepted {
    /// The bot.
    pub bot_id: String,
    /// Always `accepted`.
    pub status: &'static str,
    /// The job, for the drawing; the document carries it too.
    #[serde(skip)]
    pub job_id: JobId,
}
