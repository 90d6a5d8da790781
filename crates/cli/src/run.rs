//! From a context to an exit code.

use std::collections::BTreeMap;

use indicatif::ProgressDrawTarget;

use crate::args::{self, Command, Deploy, Invocation, Parsed};
use crate::client::Client;
use crate::commands::{self, CurrentJob, Session};
use crate::context::Context;
use crate::ending::{Subject, ended};
use crate::error::{Error, exit};
use crate::look;
use crate::screen::{self, Output};
use crate::settings;
use crate::source::{self, Bundle};
use crate::text::{Language, Text};

/// Runs the program; answers the process's exit code.
pub async fn run(mut context: Context) -> u8 {
    let given = args::peek(&context.arguments);
    let language = given
        .language
        .unwrap_or_else(|| Language::of_environment(&context.environment));
    let text = language.text();
    let output = look::output(&mut context, given.no_color, text);
    let parsed = args::read(&context.arguments, text);
    let invocation = match parsed {
        Ok(Parsed::Invocation(invocation)) => *invocation,
        Ok(Parsed::Print(words)) => {
            return output
                .data(&words)
                .map_or_else(|error| error.exit_code(), |()| exit::OK);
        }
        Err(problem) => {
            return ended(
                Err(problem.into()),
                &output,
                text,
                &Subject::unread(given.json),
            );
        }
    };
    let subject = Subject::of(&invocation);
    let current_job = CurrentJob::default();
    let interrupt = std::mem::replace(&mut context.interrupt, Box::pin(std::future::pending()));
    let result = tokio::select! {
        result = execute(invocation, &mut context, &output, text, current_job.clone()) => result,
        // To stop following a log is simply its end.
        () = interrupt => match subject.follows {
            true => Ok(()),
            false => Err(Error::Interrupted { job: current_job.get() }),
        },
    };
    ended(result, &output, text, &subject)
}

async fn execute(
    invocation: Invocation,
    context: &mut Context,
    output: &Output,
    text: Text,
    current_job: CurrentJob,
) -> Result<(), Error> {
    let Invocation { global, command } = invocation;
    if let Command::Completion(shell) = command {
        return commands::completion(shell, text, output);
    }
    // Everything on this side first: what can't be sent needs no server.
    let prepared = match &command {
        Command::Start(deploy) | Command::Update(deploy) => Some(prepare(deploy, context, output)?),
        _ => None,
    };
    if let Some(token) = &global.token {
        output.learn_secret(token);
    }
    let settings = settings::find(&global, context)?;
    output.learn_secret(&settings.token);
    let journal = global.verbose.then(|| output.clone());
    let moving = (context.stderr.is_terminal && !global.verbose)
        .then(|| std::mem::replace(&mut context.spinner, ProgressDrawTarget::hidden()));
    let mut session = Session {
        client: Client::new(&settings, journal)?,
        output: output.clone(),
        progress: screen::progress(output, moving, global.json),
        text,
        json: global.json,
        no_wait: global.no_wait,
        timeout: settings.timeout,
        now: context.now,
        current_job,
    };
    match (command, prepared) {
        (Command::Start(deploy), Some((bundle, variables))) => {
            commands::start(&deploy.bot_id, bundle, variables, &mut session).await
        }
        (Command::Update(deploy), Some((bundle, variables))) => {
            commands::update(&deploy.bot_id, bundle, variables, &mut session).await
        }
        (Command::List, _) => commands::list(&mut session).await,
        (Command::Status(bot_id), _) => commands::status(&bot_id, &mut session).await,
        (Command::Logs(logs), _) => commands::logs(&logs, &mut session).await,
        (Command::Stop(bot_id), _) => commands::stop(&bot_id, &mut session).await,
        (Command::Restart(bot_id), _) => commands::restart(&bot_id, &mut session).await,
        (Command::Doctor, _) => commands::doctor(&settings, &mut session).await,
        (Command::Start(_) | Command::Update(_) | Command::Completion(_), _) => Ok(()),
    }
}

/// Reads code and variables, and learns what must not be printed.
fn prepare(
    deploy: &Deploy,
    context: &mut Context,
    output: &Output,
) -> Result<(Bundle, BTreeMap<String, String>), Error> {
    let bundle = source::bundle(deploy, context)?;
    let variables = source::variables(&deploy.env_files, &deploy.env, context)?;
    for value in variables.values() {
        output.learn_secret(value);
    }
    Ok((bundle, variables))
}
