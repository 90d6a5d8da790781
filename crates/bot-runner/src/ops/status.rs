//! `check_status`.

use avtomatika_protocol::Failure;
use avtomatika_protocol::bot::BotState;
use serde::Serialize;
use serde_json::Value;

use super::{Found, find};
use crate::bot::BotId;
use crate::names::Names;
use crate::runner::{Inner, Runner};
use crate::state;
use crate::time::now_ns;

/// Whether a bot is here.
#[derive(Clone, Debug, Serialize)]
pub struct StatusAnswer {
    /// Whether it is.
    pub exists: bool,
    /// Its name.
    pub bot_id: String,
    /// How it is, if it is here.
    #[serde(flatten)]
    pub status: Option<Status>,
}

/// How a bot is.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The engine's id of the container.
    pub container_id: Option<String>,
    /// Its name.
    pub container_name: String,
    /// The engine's word.
    pub status: String,
    /// The state a user sees.
    pub state: BotState,
    /// The n of `restarting (n)`.
    pub restarts: u64,
    /// How the process ended the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// Whether it ended for want of memory.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub oom_killed: bool,
    /// When the bot was started, RFC 3339.
    pub started_at: String,
    /// The image it runs on.
    pub image: String,
    /// The version that runs.
    pub spec_version: Value,
    /// The plan's memory, MiB.
    pub memory_limit_mb: u64,
    /// The plan's cores.
    pub cpu_limit: f64,
    /// Why the runner stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Runner {
    /// Says how a bot is.
    pub async fn status(&self, bot: &BotId) -> Result<StatusAnswer, Failure> {
        let inner = &*self.inner;
        let names = Names::of(&inner.options.name_prefix, bot);
        let found = find(inner, bot, names.container()).await?;
        let status = match found {
            Some(found) => Some(describe(inner, &found)),
            None => without_container(inner, &names),
        };
        Ok(StatusAnswer {
            exists: status.is_some(),
            bot_id: bot.bot_id.clone(),
            status,
        })
    }
}

/// All there is to say of a container.
pub(super) fn describe(inner: &Inner, found: &Found) -> Status {
    let (seen, labels) = (&found.seen, &found.labels);
    let record = inner.records.get(&found.names.key);
    let record = record.filter(|record| record.instance == labels.instance);
    let ended = matches!(seen.status.as_str(), "exited" | "dead" | "restarting");
    Status {
        container_id: Some(seen.id.clone()),
        container_name: seen.name.clone(),
        status: seen.status.clone(),
        state: state::of(
            seen,
            record.as_ref(),
            now_ns(),
            inner.options.steady_after(),
        ),
        restarts: state::restarts(seen, record.as_ref()),
        exit_code: ended.then_some(seen.exit_code),
        oom_killed: ended && seen.oom_killed,
        started_at: labels.started_at.clone(),
        image: seen.image.clone(),
        spec_version: labels.spec_version.clone(),
        memory_limit_mb: labels.memory_mb,
        cpu_limit: labels.cpu_cores,
        reason: record
            .and_then(|record| record.halted)
            .map(|halted| halted.reason),
    }
}

/// A bot without a container: one that is being built, or one whose container somebody took away.
fn without_container(inner: &Inner, names: &Names) -> Option<Status> {
    let building = inner.under_way.lock().contains_key(&names.key);
    let record = inner.records.get(&names.key);
    if !building && record.is_none() {
        return None;
    }
    Some(Status {
        container_id: None,
        container_name: names.base.clone(),
        status: "missing".to_owned(),
        state: if building {
            BotState::Building
        } else {
            BotState::Lost
        },
        restarts: 0,
        exit_code: None,
        oom_killed: false,
        started_at: String::new(),
        image: String::new(),
        spec_version: record.map(|record| record.spec_version).unwrap_or_default(),
        memory_limit_mb: 0,
        cpu_limit: 0.0,
        reason: None,
    })
}
