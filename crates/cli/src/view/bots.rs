//! Bots and how they are doing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shown::parse_moment;

/// One bot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Bot {
    /// The bot.
    #[serde(default)]
    pub bot_id: String,
    /// Its state: `building`, `starting`, `running`, `restarting`, `crash-loop`, `stopped`,
    /// `failed` or `lost`.
    #[serde(default)]
    pub state: String,
    /// The container's own word.
    #[serde(default)]
    pub status: Option<String>,
    /// How often it was restarted after a crash.
    #[serde(default)]
    pub restarts: u64,
    /// Since when it runs, RFC 3339.
    #[serde(default)]
    pub started_at: Option<String>,
    /// For how long it runs, seconds.
    #[serde(default)]
    pub running_s: Option<u64>,
    /// The container's id.
    #[serde(default)]
    pub container_id: Option<String>,
    /// The container's name.
    #[serde(default)]
    pub container_name: Option<String>,
    /// The version of its spec.
    #[serde(default)]
    pub spec_version: Option<Value>,
    /// The code it ended with the last time.
    #[serde(default)]
    pub exit_code: Option<i64>,
    /// Whether memory ran out the last time.
    #[serde(default)]
    pub oom_killed: Option<bool>,
    /// The image it runs on.
    #[serde(default)]
    pub image: Option<String>,
    /// How much memory it may use, MB.
    #[serde(default)]
    pub memory_limit_mb: Option<u64>,
    /// How many cores it may use.
    #[serde(default)]
    pub cpu_limit: Option<f64>,
    /// Why it is in this state.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Bot {
    /// Fills in what can be told from the rest: the state where a seed-era runner gave only the
    /// container's word, and the running time.
    #[must_use]
    pub fn completed(mut self, now: Timestamp) -> Self {
        if self.state.is_empty() {
            self.state = state_of(self.status.as_deref().unwrap_or_default()).to_owned();
        }
        let since = self.started_at.as_deref().and_then(parse_moment);
        if let Some(since) = since.filter(|_| self.state == "running") {
            self.running_s = u64::try_from(now.duration_since(since).as_secs()).ok();
        }
        self
    }
}

/// The state a container's word stands for.
fn state_of(status: &str) -> &str {
    match status {
        "created" => "starting",
        "exited" | "removing" | "paused" => "stopped",
        "dead" => "failed",
        "" => "lost",
        other => other,
    }
}

/// All bots of the person.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Bots {
    /// The bots.
    #[serde(default)]
    pub bots: Vec<Bot>,
    /// How many of them count against `max_bots`: stopped ones don't.
    #[serde(default)]
    pub count: u64,
    /// How many there may be.
    #[serde(default)]
    pub max_bots: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_era_bot_gets_a_state_and_a_running_time() {
        let now = Timestamp::from_second(1_769_508_060).unwrap();
        let bot: Bot = serde_json::from_value(serde_json::json!({
            "bot_id": "b", "status": "running", "started_at": "2026-01-27T10:00:00.000001",
        }))
        .unwrap();
        let bot = bot.completed(now);
        assert_eq!((bot.state.as_str(), bot.running_s), ("running", Some(59)));
        let bot = Bot {
            status: Some("exited".to_owned()),
            ..Bot::default()
        }
        .completed(now);
        assert_eq!((bot.state.as_str(), bot.running_s), ("stopped", None));
    }
}
