//! `logs`, once or live.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::session::{Session, of_bot};
use crate::args;
use crate::error::Error;
use crate::screen::{Highlighter, clean_line, draw_log_header, draw_log_line};
use crate::view::{Document, Log, LogLine};

/// The most lines of one piece: as many as a runner gives at once, so that a bot which prints a
/// lot doesn't outrun its reader.
const PIECE_LINES: u64 = 5_000;
/// How long the runner may wait for new lines, milliseconds; the contract allows 20 000.
const WAIT_MS: u64 = 15_000;
/// How often a piece is asked for again after a passing fault before giving up.
const TRIES_MAX: u32 = 10;
/// The pause after a fault, and after a piece without lines that came at once.
const PAUSE: Duration = Duration::from_secs(1);

/// What the runner answers.
#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    status: String,
    /// The whole text, as the seed era's runner gives it.
    #[serde(default)]
    logs: Option<String>,
    #[serde(default)]
    lines: Option<Vec<LogLine>>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Deserialize)]
struct Rest {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    container_status: Option<String>,
    #[serde(default)]
    container_name: Option<String>,
    #[serde(default)]
    cursor: Option<String>,
}

/// Shows what a bot has written, and goes on if asked to.
///
/// # Errors
/// [`Error::BotNotFound`], and every other end than a log.
pub async fn logs(asked: &args::Logs, session: &mut Session) -> Result<(), Error> {
    let mut first = of_bot(&asked.bot_id);
    first.insert("lines".to_owned(), asked.lines.into());
    let log = piece(first, &asked.bot_id, session).await?;
    let mut printer = Printer {
        timestamps: asked.timestamps,
        highlighter: Highlighter::default(),
    };
    if session.json && !asked.follow {
        return session.show_json(&Document::new("logs", None, &log));
    }
    if !session.json {
        session
            .output
            .note(&draw_log_header(&log, &session.output.note_frame));
        if log.lines.is_empty() {
            session
                .output
                .note(&format!("{}\n", session.text.no_lines()));
        }
    }
    printer.print(&log.lines, session)?;
    if asked.follow {
        follow(asked, log, &mut printer, session).await
    } else {
        Ok(())
    }
}

/// Asks for piece after piece, each beginning where the last one ended.
async fn follow(
    asked: &args::Logs,
    mut log: Log,
    printer: &mut Printer,
    session: &mut Session,
) -> Result<(), Error> {
    let mut tries = 0;
    loop {
        if log.has_ended() && log.lines.is_empty() || log.cursor.is_none() {
            let state = log.state_word();
            let state = session
                .text
                .state(state)
                .map_or_else(|| clean_line(state), str::to_owned);
            let ended = session.text.log_ended(&clean_line(&asked.bot_id), &state);
            session.output.note(&format!("{ended}\n"));
            return Ok(());
        }
        let mut params = of_bot(&asked.bot_id);
        params.insert("cursor".to_owned(), log.cursor.clone().into());
        params.insert("wait_ms".to_owned(), WAIT_MS.into());
        params.insert("lines".to_owned(), PIECE_LINES.into());
        let started = Instant::now();
        match piece(params, &asked.bot_id, session).await {
            Ok(next) => {
                tries = 0;
                // A piece that lost its cursor must not begin anew: that would repeat lines.
                let cursor = next.cursor.clone().or(log.cursor);
                log = Log { cursor, ..next };
            }
            // The cursor hasn't moved, so asking again can neither skip nor repeat a line.
            Err(error) if is_passing(&error) && tries < TRIES_MAX => {
                tries += 1;
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(error),
        }
        printer.print(&log.lines, session)?;
        if log.lines.is_empty() && started.elapsed() < PAUSE {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn is_passing(error: &Error) -> bool {
    match error {
        Error::CannotConnect { .. } | Error::Timeout { .. } => true,
        Error::Refused { status, .. } => matches!(status, 429 | 502..=504),
        _ => false,
    }
}

async fn piece(
    params: Map<String, Value>,
    bot_id: &str,
    session: &mut Session,
) -> Result<Log, Error> {
    let job = session.post("logs", params).await?;
    let data: Data = session.finish(job).await?;
    if data.status == "not_found" {
        return Err(Error::BotNotFound {
            bot: bot_id.to_owned(),
            job,
        });
    }
    let text = data.logs.unwrap_or_default();
    let lines = data
        .lines
        .unwrap_or_else(|| text.lines().map(plain_line).collect());
    let Rest {
        state,
        container_status,
        container_name,
        cursor,
    } = data.rest;
    let bot_id = bot_id.to_owned();
    Ok(Log {
        bot_id,
        state,
        container_status,
        container_name,
        cursor,
        lines,
    })
}

fn plain_line(text: &str) -> LogLine {
    LogLine {
        at: None,
        stream: "stdout".to_owned(),
        text: text.to_owned(),
    }
}

/// Prints lines, each whole.
struct Printer {
    timestamps: bool,
    highlighter: Highlighter,
}

impl Printer {
    fn print(&mut self, lines: &[LogLine], session: &Session) -> Result<(), Error> {
        for line in lines {
            if session.json {
                session.show_json(line)?;
                continue;
            }
            let role = self.highlighter.role(line);
            let frame = &session.output.data_frame;
            session
                .output
                .data(&draw_log_line(line, role, self.timestamps, frame))?;
        }
        Ok(())
    }
}
