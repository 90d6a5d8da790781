//! The program's commands, as people type them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

mod blueprints;
mod jobs;
mod server;

use std::path::Path;
use std::process::Command;

/// The program in a folder, without settings of whoever runs the tests.
fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_avtomatika"));
    command
        .current_dir(folder)
        .args(arguments)
        .env("NO_PROXY", "*")
        .env("no_proxy", "*");
    for name in [
        "AVTOMATIKA_URL",
        "AVTOMATIKA_TOKEN",
        "AVTOMATIKA_DATA",
        "BLUEPRINTS_DIR",
    ] {
        command.env_remove(name);
    }
    command
}

/// What a command prints on both outputs, and whether it went well.
fn run(folder: &Path, arguments: &[&str]) -> (String, bool) {
    let output = program(folder, arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8(text).unwrap(), output.status.success())
}
