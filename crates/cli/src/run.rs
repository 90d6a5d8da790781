//! From a context to an exit code.

use indicatif::ProgressDrawTarget;

use crate::args::{self, Command, Global, Invocation, Parsed};
use crate::client::Client;
use crate::commands::{self, CurrentJob, Session};
use crate::context::Context;
use crate::ending::{Subject, ended};
use crate::error::{Error, exit};
use crate::look;
use crate::screen::{self, Output};
use crate::settings::{self, Settings};
use crate::text::{Language, Text};
use crate::work::{Work, prepare};

/// Runs the program; answers the process's exit code.
pub async fn run(mut context: Context) -> u8 {
    let given = args::peek(&context.arguments);
    let language = given
        .language
        .unwrap_or_else(|| Language::of_environment(&context.environment));
    let text = language.text();
    let output = look::output(&mut context, given.no_color, text);
    let invocation = match args::read(&context.arguments, text) {
        Ok(Parsed::Invocation(invocation)) => *invocation,
        Ok(Parsed::Print(words)) => {
            return output
                .data(&words)
                .map_or_else(|error| error.exit_code(), |()| exit::OK);
        }
        Err(problem) => {
            let subject = Subject::unread(given.json);
            return ended(Err(problem.into()), &output, text, &subject);
        }
    };
    let subject = Subject::of(&invocation);
    let result = execute(invocation, context, &output, text, subject.follows).await;
    ended(result, &output, text, &subject)
}

async fn execute(
    invocation: Invocation,
    mut context: Context,
    output: &Output,
    text: Text,
    follows: bool,
) -> Result<(), Error> {
    let Invocation { global, command } = invocation;
    if let Command::Completion(shell) = command {
        return commands::completion(shell, text, output);
    }
    if let Some(token) = &global.token {
        output.learn_secret(token);
    }
    // Everything on this side first: what can't be sent needs no server. It also reads standard
    // input, which Ctrl-C must end as it ends any program: it isn't listened for before.
    let work = prepare(command, &mut context, output)?;
    let settings = settings::find(&global, &context)?;
    output.learn_secret(&settings.token);
    let current_job = CurrentJob::default();
    let mut session = session(&global, &settings, &mut context, output, text)?;
    session.current_job = current_job.clone();
    tokio::select! {
        result = work.run(&settings, &mut session) => result,
        // To stop following a log is simply its end.
        () = context.interrupt => match follows {
            true => Ok(()),
            false => Err(Error::Interrupted { job: current_job.get() }),
        },
    }
}

fn session(
    global: &Global,
    settings: &Settings,
    context: &mut Context,
    output: &Output,
    text: Text,
) -> Result<Session, Error> {
    let journal = global.verbose.then(|| output.clone());
    // Requests noted line by line and a moving display would write over each other.
    // A terminal that can't move its cursor hides the target: it gets lines instead.
    let can_move = context.stderr.is_terminal && !context.spinner.is_hidden();
    let moving = (can_move && !global.verbose)
        .then(|| std::mem::replace(&mut context.spinner, ProgressDrawTarget::hidden()));
    Ok(Session {
        client: Client::new(settings, journal)?,
        output: output.clone(),
        progress: screen::progress(output, moving, global.json),
        text,
        json: global.json,
        no_wait: global.no_wait,
        timeout: settings.timeout,
        now: context.now,
        current_job: CurrentJob::default(),
    })
}

impl Work {
    async fn run(self, settings: &Settings, session: &mut Session) -> Result<(), Error> {
        match self {
            Self::Start(deployment) => commands::start(deployment, session).await,
            Self::Update(deployment) => commands::update(deployment, session).await,
            Self::List => commands::list(session).await,
            Self::Status(bot_id) => commands::status(&bot_id, session).await,
            Self::Logs(logs) => commands::logs(&logs, session).await,
            Self::Stop(bot_id) => commands::stop(&bot_id, session).await,
            Self::Restart(bot_id) => commands::restart(&bot_id, session).await,
            Self::Doctor => commands::doctor(settings, session).await,
            Self::Nothing => Ok(()),
        }
    }
}
