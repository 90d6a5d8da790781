//! `get_logs`.

use std::time::Duration;

use avtomatika_protocol::Failure;
use avtomatika_protocol::bot::{BotState, SecretValues};
use serde::Serialize;
use tokio::time::Instant;

use super::{Found, find, status};
use crate::bot::BotId;
use crate::engine;
use crate::inspect::look;
use crate::logs::{Cursor, Line, Stream, read};
use crate::names::Names;
use crate::runner::{Inner, Runner};

/// The longest a reader may wait for new lines.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// How soon a restarting bot's output is looked for again.
const AGAIN: Duration = Duration::from_millis(200);

/// Which lines.
#[derive(Clone, Debug)]
pub struct LogQuery {
    /// At most so many.
    pub lines: usize,
    /// Those after an earlier answer's cursor; without it, or with one that is none, the last.
    pub cursor: Option<String>,
    /// With a cursor and no new line: how long to wait for one, at most 20 s.
    pub wait: Duration,
}

/// Some lines of a bot's output.
#[derive(Clone, Debug, Serialize)]
pub struct LogsAnswer {
    /// `success`, or `not_found` when there is no such bot.
    pub status: &'static str,
    /// The lines as one text.
    pub logs: Option<String>,
    /// The lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<LogLine>>,
    /// Where to read on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The engine's word for the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_status: Option<String>,
    /// The state a user sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<BotState>,
    /// What its container is called.
    pub container_name: String,
}

/// One line.
#[derive(Clone, Debug, Serialize)]
pub struct LogLine {
    /// Where it was written to.
    pub stream: Stream,
    /// When, RFC 3339 in UTC to the nanosecond.
    pub at: String,
    /// What, secret values masked.
    pub text: String,
}

impl Runner {
    /// Reads a bot's output.
    pub async fn logs(&self, bot: &BotId, query: &LogQuery) -> Result<LogsAnswer, Failure> {
        let inner = &*self.inner;
        let names = Names::of(&inner.options.name_prefix, bot);
        let Some(found) = find(inner, bot, names.container()).await? else {
            return Ok(not_found(names));
        };
        let asked: Option<Cursor> = query.cursor.as_deref().and_then(|text| text.parse().ok());
        let lines = match asked {
            None => {
                let secrets = secrets(&found);
                let lines = read::tail(&inner.docker, &found.seen.id, query.lines, &secrets);
                lines
                    .await
                    .map_err(|error| engine::failed("read the bot's logs", &error))?
            }
            Some(cursor) => new_lines(inner, &found, cursor, query).await?,
        };
        let mut cursor = asked.unwrap_or_default();
        lines.iter().for_each(|line| cursor.pass(line));
        // The state after the wait, not before it.
        let now = find(inner, bot, names.container()).await?.unwrap_or(found);
        let status = status::describe(inner, &now);
        Ok(LogsAnswer {
            status: "success",
            logs: Some(text(&lines)),
            lines: Some(lines.into_iter().map(LogLine::from).collect()),
            cursor: Some(cursor.to_string()),
            container_status: Some(status.status),
            state: Some(status.state),
            container_name: status.container_name,
        })
    }
}

/// Lines after the cursor, waiting for one as long as asked. The engine's stream ends with the
/// process, so a bot between two starts is looked at again.
async fn new_lines(
    inner: &Inner,
    found: &Found,
    cursor: Cursor,
    query: &LogQuery,
) -> Result<Vec<Line>, Failure> {
    let deadline = Instant::now() + query.wait.min(WAIT_MAX);
    let failed = |error| engine::failed("read the bot's logs", &error);
    let (id, secrets) = (&found.seen.id, secrets(found));
    loop {
        let wait = deadline.saturating_duration_since(Instant::now());
        let lines = read::after(&inner.docker, id, cursor, query.lines, wait, &secrets);
        let lines = lines.await.map_err(failed)?;
        if !lines.is_empty() || Instant::now() + AGAIN >= deadline {
            return Ok(lines);
        }
        let up = look(&inner.docker, id)
            .await
            .map_err(failed)?
            .is_some_and(|seen| seen.is_up());
        if !up {
            return Ok(lines);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// The values of the user's variables, as the container has them.
pub(super) fn secrets(found: &Found) -> SecretValues {
    let values = found.seen.env.iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        found
            .labels
            .secrets
            .iter()
            .any(|secret| secret == name)
            .then_some(value)
    });
    SecretValues::new(values)
}

fn text(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.text);
        text.push('\n');
    }
    text
}

impl From<Line> for LogLine {
    fn from(line: Line) -> Self {
        Self {
            stream: line.stream,
            at: line.at(),
            text: line.text,
        }
    }
}

fn not_found(names: Names) -> LogsAnswer {
    LogsAnswer {
        status: "not_found",
        logs: None,
        lines: None,
        cursor: None,
        container_status: None,
        state: None,
        container_name: names.base,
    }
}
