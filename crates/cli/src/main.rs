//! The `avtomatika-bot` binary: hands the process's world to the library.

use std::io::IsTerminal;
use std::process::ExitCode;

use avtomatika_bot::context::{Context, Stream};
use avtomatika_bot::run::run;
use indicatif::ProgressDrawTarget;
use jiff::Timestamp;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let code = match runtime {
        Ok(runtime) => runtime.block_on(async { run(context()).await }),
        Err(_) => avtomatika_bot::error::exit::INTERNAL,
    };
    ExitCode::from(code)
}

fn context() -> Context {
    Context {
        arguments: std::env::args_os().collect(),
        environment: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        // Without a current folder relative names can't be found; the error then names them.
        current_dir: std::env::current_dir().unwrap_or_default(),
        user: user(),
        stdin: Box::new(std::io::stdin()),
        stdout: Stream {
            writer: Box::new(std::io::stdout()),
            is_terminal: std::io::stdout().is_terminal(),
        },
        stderr: Stream {
            writer: Box::new(std::io::stderr()),
            is_terminal: std::io::stderr().is_terminal(),
        },
        spinner: ProgressDrawTarget::stderr(),
        width: width(),
        interrupt: Box::pin(async {
            // Where the signal can't be caught, the system ends the process as usual.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        }),
        now: Timestamp::now,
    }
}

#[cfg(unix)]
fn user() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn user() -> Option<u32> {
    None
}

#[cfg(unix)]
fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout())
        .or_else(|_| rustix::termios::tcgetwinsize(std::io::stderr()));
    size.ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0)
}

#[cfg(not(unix))]
fn width() -> Option<usize> {
    None
}
