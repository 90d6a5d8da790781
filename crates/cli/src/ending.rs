//! How a run ends: the error in words, and the exit code.

use crate::args::{Command, Invocation};
use crate::error::{Error, exit};
use crate::screen::{Output, clean_json, draw_report};
use crate::text::Text;
use crate::view::{Refusal, Report};

/// What a run is about, for what has to be said at its end.
pub(crate) struct Subject {
    /// The command.
    command: Option<&'static str>,
    /// The bot.
    bot: Option<String>,
    /// Whether programs read the output.
    json: bool,
    /// Whether it goes on until somebody stops it.
    pub(crate) follows: bool,
}

impl Subject {
    /// A command line that could not be read.
    pub(crate) fn unread(json: bool) -> Self {
        Self {
            command: None,
            bot: None,
            json,
            follows: false,
        }
    }

    /// A command line that could.
    pub(crate) fn of(invocation: &Invocation) -> Self {
        let (command, bot) = match &invocation.command {
            Command::Start(deploy) => ("start", Some(&deploy.bot_id)),
            Command::Update(deploy) => ("update", Some(&deploy.bot_id)),
            Command::List => ("list", None),
            Command::Status(bot) => ("status", Some(bot)),
            Command::Logs(logs) => ("logs", Some(&logs.bot_id)),
            Command::Stop(bot) => ("stop", Some(bot)),
            Command::Restart(bot) => ("restart", Some(bot)),
            Command::Completion(_) => ("completion", None),
            Command::Doctor => ("doctor", None),
        };
        let follows = matches!(&invocation.command, Command::Logs(logs) if logs.follow);
        Self {
            command: Some(command),
            bot: bot.cloned(),
            json: invocation.global.json,
            follows,
        }
    }
}

/// Says what went wrong, if something did; answers the exit code.
pub(crate) fn ended(
    result: Result<(), Error>,
    output: &Output,
    text: Text,
    subject: &Subject,
) -> u8 {
    let error = match result {
        Ok(()) => return exit::OK,
        Err(error @ (Error::BrokenPipe | Error::Shown { .. })) => return error.exit_code(),
        Err(error) => error,
    };
    let report = Report::new(&error, text, subject.bot.as_deref());
    if subject.json {
        let refusal = Refusal {
            ok: false,
            command: subject.command,
            error: &report,
        };
        // Where even this can't be written, the exit code is all that is left to say.
        let _ = clean_json(&refusal).map(|json| output.data(&format!("{json}\n")));
    } else {
        output.note(&draw_report(&report, &output.note_frame));
    }
    error.exit_code()
}
