//! An error for people: what happened, what to do, and what the server added.

use avtomatika_protocol::{Failure, JobId};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Ended, Error};
use crate::text::{Said, Text};

/// An error for people.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// How it would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
    /// Everything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// The job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// The process's exit code.
    pub exit_code: u8,
}

impl Report {
    /// Puts an error in words. `bot` is the one the command is about.
    pub fn new(error: &Error, text: Text, bot: Option<&str>) -> Self {
        let exit_code = error.exit_code();
        let own = |code: &str, said: Said, job_id| Self {
            code: code.to_owned(),
            message: said.message,
            hint: said.hint,
            job_id,
            exit_code,
            ..Self::default()
        };
        match error {
            Error::Problem(problem) => own(problem.code(), text.problem(problem), None),
            Error::Refused { body, .. } => {
                let failure = Failure {
                    code: Some(body.code.clone()),
                    message: body.error.clone(),
                    hint: body.hint.clone(),
                    more: body.more.clone(),
                };
                Self {
                    exit_code,
                    ..Self::of_failure(&failure, "REFUSED", text)
                }
            }
            Error::Failed {
                job,
                ended,
                failure,
            } => {
                let (code, fallback) = match ended {
                    Ended::Failed => ("FAILED", text.failed_silently()),
                    Ended::Quarantined => ("QUARANTINED", text.quarantined()),
                    Ended::Cancelled => ("CANCELLED", text.cancelled()),
                };
                let mut report = Self::of_failure(failure, code, text);
                if report.message.is_empty() {
                    report.message = fallback.message;
                }
                report.hint = report.hint.or(fallback.hint);
                Self {
                    exit_code,
                    job_id: Some(*job),
                    ..report
                }
            }
            Error::BotNotFound { bot, job } => {
                own("BOT_NOT_FOUND", text.bot_not_found(bot), Some(*job))
            }
            Error::Timeout { job, after } => {
                own("TIMEOUT", text.timed_out(after.as_secs(), bot), *job)
            }
            Error::CannotConnect { url, why } => Self {
                details: Some(Value::String(why.clone())),
                ..own("CANNOT_CONNECT", text.cannot_connect(url), None)
            },
            Error::NotTrusted { url, why } => Self {
                details: Some(Value::String(why.clone())),
                ..own("CERTIFICATE_NOT_TRUSTED", text.not_trusted(url), None)
            },
            Error::NoTls { url } => own("NOT_TLS", text.no_tls(url), None),
            Error::StrangeAnswer { url, what } => {
                own("STRANGE_ANSWER", text.strange_answer(url, what), None)
            }
            Error::Interrupted { job } => {
                let bot = bot.filter(|_| job.is_some());
                own("INTERRUPTED", text.interrupted(bot), *job)
            }
            Error::BrokenPipe | Error::Shown { .. } | Error::Output(_) => {
                own("OUTPUT", Said::new(error.to_string()), None)
            }
        }
    }

    /// The words of a failure: those of the answer in this language, else our own by code, else
    /// those of the answer in English.
    fn of_failure(failure: &Failure, code: &str, text: Text) -> Self {
        let code = failure.code.as_deref().unwrap_or(code);
        let known = text.by_code(code).unwrap_or_default();
        let translated = text
            .language()
            .answer_key()
            .map(|key| failure.more.get(key));
        let (message, hint) = match translated {
            None => (Some(failure.message.as_str()), failure.hint.as_deref()),
            Some(words) => (word(words, "message"), word(words, "hint")),
        };
        let message = message
            .filter(|message| !message.is_empty())
            .map(str::to_owned);
        let own = (!known.message.is_empty()).then_some(known.message);
        Self {
            code: code.to_owned(),
            message: message.or(own).unwrap_or_else(|| failure.message.clone()),
            hint: hint.map(str::to_owned).or(known.hint),
            example: failure.more.get("example").cloned(),
            details: failure
                .more
                .get("details")
                .filter(|value| !is_empty(value))
                .cloned(),
            ..Self::default()
        }
    }

    /// The last lines of the bot, if the answer has them.
    pub fn log_tail(&self) -> Vec<String> {
        let lines = self
            .details
            .as_ref()
            .and_then(|details| details.get("log_tail"));
        match lines {
            Some(Value::Array(lines)) => lines.iter().map(line_text).collect(),
            Some(Value::String(text)) => text.lines().map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }
}

fn word<'a>(words: Option<&'a Value>, key: &str) -> Option<&'a str> {
    words?.get(key)?.as_str()
}

fn line_text(line: &Value) -> String {
    let text = line.get("text").unwrap_or(line);
    text.as_str()
        .map_or_else(|| text.to_string(), str::to_owned)
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}
