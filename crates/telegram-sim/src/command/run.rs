//! Runs an action.

use std::process::ExitCode;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{
    args::{Action, Args, ChatArgs},
    bots, chat, ledger, send, serve,
};
use crate::control::Person;

/// Runs the sub-command to its end; a server until Ctrl-C or SIGTERM. The exit code is 1 when
/// `send` got no answer.
///
/// # Errors
///
/// When the server cannot start or cannot be reached.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut interrupt = signal(SignalKind::interrupt()).context("watch for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("watch for SIGTERM")?;
    let shutdown = CancellationToken::new();
    let mut action = std::pin::pin!(run_until(args, shutdown.clone()));
    tokio::select! {
        done = action.as_mut() => return done,
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    shutdown.cancel();
    action.await
}

/// The same for a caller with a shutdown of its own.
///
/// # Errors
///
/// As [`run`].
pub async fn run_until(args: Args, shutdown: CancellationToken) -> anyhow::Result<ExitCode> {
    let action = args.action.unwrap_or(Action::Serve(args.serve));
    if let Action::Serve(args) = action {
        return serve::serve(&args, shutdown).await;
    }
    let done = async {
        match action {
            Action::Chat(args) => chat::chat(args).await,
            Action::Send(args) => send::send(args).await,
            Action::Ledger(args) => ledger::ledger(&args).await,
            Action::Bots(args) => bots::bots(&args).await,
            Action::Serve(_) => Ok(ExitCode::SUCCESS),
        }
    };
    // A conversation has nothing to finish: it just ends.
    shutdown
        .run_until_cancelled(done)
        .await
        .unwrap_or(Ok(ExitCode::SUCCESS))
}

/// The user that the arguments name.
pub(super) fn person(args: &ChatArgs) -> Person {
    Person {
        id: args.user_id,
        first_name: args.user.clone(),
        ..Person::default()
    }
}
