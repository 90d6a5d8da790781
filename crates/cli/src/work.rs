//! A command with everything it needs from this side.

use std::collections::BTreeMap;

use crate::args::{self, Command, Deploy};
use crate::context::Context;
use crate::error::Error;
use crate::screen::Output;
use crate::source::{self, Bundle};

/// What is to be done with the server.
pub(crate) enum Work {
    /// Start a bot.
    Start(Deployment),
    /// Replace a bot's version.
    Update(Deployment),
    /// List bots.
    List,
    /// Show one bot.
    Status(String),
    /// Show what a bot wrote.
    Logs(args::Logs),
    /// Stop a bot.
    Stop(String),
    /// Restart a bot.
    Restart(String),
    /// Check everything.
    Doctor,
    /// The command needs no server.
    Nothing,
}

/// A bot, ready to be sent.
pub struct Deployment {
    /// The bot.
    pub bot_id: String,
    /// Its code.
    pub bundle: Bundle,
    /// Its variables. Never printed.
    pub variables: BTreeMap<String, String>,
}

/// Reads code and variables, and learns what must not be printed.
pub(crate) fn prepare(
    command: Command,
    context: &mut Context,
    output: &Output,
) -> Result<Work, Error> {
    Ok(match command {
        Command::Start(deploy) => Work::Start(deployment(*deploy, context, output)?),
        Command::Update(deploy) => Work::Update(deployment(*deploy, context, output)?),
        Command::List => Work::List,
        Command::Status(bot_id) => Work::Status(bot_id),
        Command::Logs(logs) => Work::Logs(logs),
        Command::Stop(bot_id) => Work::Stop(bot_id),
        Command::Restart(bot_id) => Work::Restart(bot_id),
        Command::Doctor => Work::Doctor,
        Command::Completion(_) => Work::Nothing,
    })
}

fn deployment(deploy: Deploy, context: &mut Context, output: &Output) -> Result<Deployment, Error> {
    let bundle = source::bundle(&deploy, context)?;
    let variables = source::variables(&deploy.env_files, &deploy.env, context)?;
    for value in variables.values() {
        output.learn_secret(value);
    }
    Ok(Deployment {
        bot_id: deploy.bot_id,
        bundle,
        variables,
    })
}
