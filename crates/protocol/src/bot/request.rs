//! The body posted to `/api/jobs/bot_runner`.

use serde_json::{Map, Value, json};

use super::action::Verb;
use super::refusal::Refusal;
use super::shown::shown;
use super::spec::{SpecPolicy, StartSpec};
use super::user;
use crate::Failure;

/// Lines a client gets who doesn't say.
pub const LINES_DEFAULT: u64 = 100;
/// Most lines of one answer.
pub const LINES_MAX: u64 = 10_000;
/// Longest wait for new lines, milliseconds.
pub const WAIT_MS_MAX: u64 = 20_000;
/// Longest bot id, characters.
pub const BOT_ID_CHARS_MAX: usize = 64;
/// Longest log cursor, bytes.
pub const CURSOR_BYTES_MAX: usize = 512;

/// A checked request. Keys it doesn't know were ignored.
#[derive(Clone, Debug, PartialEq)]
pub struct BotRequest {
    /// The user named in the body; [`None`] means the token's own. Naming another needs a
    /// trusted client, which the server decides.
    pub user_id: Option<String>,
    /// What is asked for.
    pub action: Action,
}

/// What is asked for, with its params.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Run a bot.
    Start {
        /// The bot.
        bot_id: String,
        /// What it is made of.
        spec: Box<StartSpec>,
    },
    /// Replace a bot by a new version.
    Update {
        /// The bot.
        bot_id: String,
        /// What the new version is made of.
        spec: Box<StartSpec>,
        /// The body had no `env_vars`: those of the version that runs stay.
        keep_env: bool,
    },
    /// Stop and start the same version.
    Restart {
        /// The bot.
        bot_id: String,
    },
    /// Stop a bot and remove its container.
    Stop {
        /// The bot.
        bot_id: String,
    },
    /// Read a bot's output.
    Logs {
        /// The bot.
        bot_id: String,
        /// Which part of it.
        query: LogsQuery,
    },
    /// Name the user's bots.
    List,
    /// Describe one bot.
    Status {
        /// The bot.
        bot_id: String,
    },
}

/// Which part of a bot's output is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogsQuery {
    /// At most this many lines, the newest.
    pub lines: u64,
    /// Only what came after an earlier answer. Opaque to everybody but the runner.
    pub cursor: Option<String>,
    /// How long to wait for the first new line, milliseconds.
    pub wait_ms: u64,
}

impl BotRequest {
    /// Checks a body against the default policy.
    pub fn parse(body: &Value) -> Result<Self, Failure> {
        Self::parse_with(body, &SpecPolicy::default())
    }

    /// Checks a body.
    pub fn parse_with(body: &Value, policy: &SpecPolicy) -> Result<Self, Failure> {
        let body = body.as_object().ok_or(Refusal::BodyNotObject)?;
        Ok(Self::check(body, policy)?)
    }

    fn check(body: &Map<String, Value>, policy: &SpecPolicy) -> Result<Self, Refusal> {
        let verb = verb(body)?;
        let user_id = user::parse(body.get("user_id"))?;
        let action = match verb {
            Verb::List => Action::List,
            Verb::Start => Action::Start {
                bot_id: bot_id(body)?,
                spec: Box::new(StartSpec::check(body, policy)?),
            },
            Verb::Update => Action::Update {
                bot_id: bot_id(body)?,
                spec: Box::new(StartSpec::check(body, policy)?),
                keep_env: body.get("env_vars").is_none_or(Value::is_null),
            },
            Verb::Restart => Action::Restart {
                bot_id: bot_id(body)?,
            },
            Verb::Stop => Action::Stop {
                bot_id: bot_id(body)?,
            },
            Verb::Status => Action::Status {
                bot_id: bot_id(body)?,
            },
            Verb::Logs => Action::Logs {
                bot_id: bot_id(body)?,
                query: LogsQuery::check(body)?,
            },
        };
        Ok(Self { user_id, action })
    }
}

impl Action {
    /// Which action it is.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Start { .. } => Verb::Start,
            Self::Update { .. } => Verb::Update,
            Self::Restart { .. } => Verb::Restart,
            Self::Stop { .. } => Verb::Stop,
            Self::Logs { .. } => Verb::Logs,
            Self::List => Verb::List,
            Self::Status { .. } => Verb::Status,
        }
    }

    /// The bot it is about; a list is about none.
    pub fn bot_id(&self) -> Option<&str> {
        match self {
            Self::Start { bot_id, .. }
            | Self::Update { bot_id, .. }
            | Self::Restart { bot_id }
            | Self::Stop { bot_id }
            | Self::Logs { bot_id, .. }
            | Self::Status { bot_id } => Some(bot_id),
            Self::List => None,
        }
    }

    /// The params of its task for this user. A start's and an update's hold secrets in clear;
    /// the orchestrator adds `spec_version` to them.
    pub fn task_params(&self, user_id: &str) -> Map<String, Value> {
        let mut params = match self {
            Self::Start { spec, .. } | Self::Update { spec, .. } => match spec.to_params() {
                Value::Object(params) => params,
                _ => Map::new(),
            },
            Self::Logs { query, .. } => query.to_params(),
            Self::Restart { .. } | Self::Stop { .. } | Self::Status { .. } | Self::List => {
                Map::new()
            }
        };
        params.insert("user_id".to_owned(), json!(user_id));
        if let Some(bot_id) = self.bot_id() {
            params.insert("bot_id".to_owned(), json!(bot_id));
        }
        if let Self::Update { keep_env: true, .. } = self {
            params.remove("env_vars");
        }
        params
    }
}

impl LogsQuery {
    /// Reads the params of a `get_logs` task, as the worker does.
    pub fn parse(params: &Value) -> Result<Self, Failure> {
        Ok(Self::check(
            params.as_object().ok_or(Refusal::BodyNotObject)?,
        )?)
    }

    fn check(params: &Map<String, Value>) -> Result<Self, Refusal> {
        Ok(Self {
            lines: whole(params.get("lines"), LINES_DEFAULT)
                .ok_or(Refusal::InvalidLines { max: LINES_MAX })?
                .min(LINES_MAX),
            cursor: cursor(params.get("cursor"))?,
            wait_ms: whole(params.get("wait_ms"), 0)
                .ok_or(Refusal::InvalidWait {
                    max_ms: WAIT_MS_MAX,
                })?
                .min(WAIT_MS_MAX),
        })
    }

    fn to_params(&self) -> Map<String, Value> {
        let mut params = Map::new();
        params.insert("lines".to_owned(), json!(self.lines));
        if let Some(cursor) = &self.cursor {
            params.insert("cursor".to_owned(), json!(cursor));
        }
        if self.wait_ms > 0 {
            params.insert("wait_ms".to_owned(), json!(self.wait_ms));
        }
        params
    }
}

/// Checks a bot id: 1 to 64 Latin letters, digits, `-` and `_`.
pub fn is_bot_id(id: &str) -> bool {
    (1..=BOT_ID_CHARS_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn verb(body: &Map<String, Value>) -> Result<Verb, Refusal> {
    match body.get("action") {
        None | Some(Value::Null) => Err(Refusal::MissingField { field: "action" }),
        Some(Value::String(name)) if name.is_empty() => {
            Err(Refusal::MissingField { field: "action" })
        }
        Some(Value::String(name)) => Verb::from_name(name).ok_or_else(|| Refusal::InvalidAction {
            given: shown(name),
            meant: Verb::suggest(name),
        }),
        Some(other) => Err(Refusal::InvalidAction {
            given: shown(&other.to_string()),
            meant: None,
        }),
    }
}

fn bot_id(body: &Map<String, Value>) -> Result<String, Refusal> {
    match body.get("bot_id") {
        None | Some(Value::Null) => Err(Refusal::MissingField { field: "bot_id" }),
        Some(Value::String(id)) if id.is_empty() => Err(Refusal::MissingField { field: "bot_id" }),
        Some(Value::String(id)) if is_bot_id(id) => Ok(id.clone()),
        Some(Value::String(id)) => Err(Refusal::InvalidBotId { given: shown(id) }),
        Some(other) => Err(Refusal::InvalidBotId {
            given: shown(&other.to_string()),
        }),
    }
}

/// A whole number from zero up, or the default when absent.
fn whole(value: Option<&Value>, default: u64) -> Option<u64> {
    match value {
        None | Some(Value::Null) => Some(default),
        Some(value) => value.as_u64(),
    }
}

fn cursor(value: Option<&Value>) -> Result<Option<String>, Refusal> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text))
            if text.len() <= CURSOR_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Ok(Some(text.clone()))
        }
        Some(_) => Err(Refusal::InvalidCursor),
    }
}

#[cfg(test)]
mod tests;
