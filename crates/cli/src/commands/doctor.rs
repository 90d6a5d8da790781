//! `doctor`: each check builds on the one before, and the first that fails ends it.

use std::time::Duration;

use serde_json::{Map, Value};

use super::session::Session;
use crate::error::Error;
use crate::screen::draw_checks;
use crate::settings::Settings;
use crate::text::Check;
use crate::view::{CheckResult, Checks, Report};

/// How long the bot runner may take for the smallest of its tasks.
const RUNNER_MAX: Duration = Duration::from_secs(15);

/// Checks settings, server, token and bot runner.
///
/// # Errors
/// [`Error::Shown`] with the exit code of the fault found.
pub async fn doctor(settings: &Settings, session: &mut Session) -> Result<(), Error> {
    let mut checks = vec![passed(
        Check::Settings,
        settings_words(settings, session),
        session,
    )];
    let fault = run(&mut checks, session).await.err();
    if let Some((check, error)) = &fault {
        let report = Report::new(error, session.text, None);
        checks.push(CheckResult {
            check: key(*check),
            name: session.text.check(*check),
            ok: false,
            detail: report.message,
            hint: report.hint,
        });
    }
    let view = Checks {
        healthy: fault.is_none(),
        checks,
    };
    let frame = &session.output.data_frame;
    session.show("doctor", None, &view, |view| draw_checks(view, frame))?;
    fault.map_or(Ok(()), |(_, error)| {
        Err(Error::Shown {
            exit_code: error.exit_code(),
        })
    })
}

async fn run(checks: &mut Vec<CheckResult>, session: &mut Session) -> Result<(), (Check, Error)> {
    session
        .client
        .public_status()
        .await
        .map_err(|error| (Check::Server, error))?;
    checks.push(passed(Check::Server, session.client.shown(), session));
    session.timeout = session.timeout.min(RUNNER_MAX);
    // The smallest job shows both: accepted means the token is good, ended that a runner works.
    let job = session
        .post("list", Map::new())
        .await
        .map_err(|error| (Check::Token, error))?;
    checks.push(passed(Check::Token, "OK".to_owned(), session));
    let data: Value = session
        .finish(job)
        .await
        .map_err(|error| (Check::Runner, error))?;
    let number = |key: &str| data.get(key).and_then(Value::as_u64);
    let title = session
        .text
        .bots_title(number("count").unwrap_or_default(), number("max_bots"));
    checks.push(passed(Check::Runner, title, session));
    Ok(())
}

fn passed(check: Check, detail: String, session: &Session) -> CheckResult {
    let name = session.text.check(check);
    CheckResult {
        check: key(check),
        name,
        ok: true,
        detail,
        hint: None,
    }
}

fn settings_words(settings: &Settings, session: &Session) -> String {
    let (url, token) = (settings.url_source, settings.token_source);
    let file = settings
        .file
        .as_ref()
        .map(|file| format!(", {}", file.display()));
    format!(
        "{} ({}; {}{})",
        session.client.shown(),
        session.text.source(url),
        session.text.source(token),
        file.unwrap_or_default()
    )
}

fn key(check: Check) -> &'static str {
    match check {
        Check::Settings => "settings",
        Check::Server => "server",
        Check::Token => "token",
        Check::Runner => "runner",
    }
}
