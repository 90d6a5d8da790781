//! The command line reader's objections, in our words.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::text::{Problem, Text, UsageFault};

const PROGRAM: &str = "avtomatika-bot";

/// Turns an objection of the reader into ours.
pub(super) fn problem(error: &clap::Error, arguments: &[OsString], text: Text) -> Problem {
    let fault = fault(error);
    Problem::CommandLine {
        message: text.usage(&fault),
        help: help_command(arguments),
    }
}

/// The objection that there is no command.
pub(super) fn no_command(text: Text) -> Problem {
    let message = text.usage(&UsageFault::NoCommand);
    Problem::CommandLine {
        message,
        help: PROGRAM.to_owned(),
    }
}

/// The objection that a start or update names no code.
pub(super) fn no_source(command: &str, text: Text) -> Problem {
    let ways = vec!["--simple FILE… | --inline --code TEXT".to_owned()];
    Problem::CommandLine {
        message: text.usage(&UsageFault::Missing(ways)),
        help: format!("{PROGRAM} {command}"),
    }
}

/// The command whose help is the right one: the first word that names a command.
fn help_command(arguments: &[OsString]) -> String {
    const COMMANDS: [&str; 9] = [
        "start",
        "update",
        "list",
        "status",
        "logs",
        "stop",
        "restart",
        "doctor",
        "completion",
    ];
    let named = arguments
        .iter()
        .skip(1)
        .filter_map(|word| word.to_str())
        .find(|word| COMMANDS.contains(word));
    match named {
        Some(command) => format!("{PROGRAM} {command}"),
        None => PROGRAM.to_owned(),
    }
}

fn fault(error: &clap::Error) -> UsageFault {
    let one = |kind| error.get(kind).and_then(first);
    let argument = || one(ContextKind::InvalidArg).map_or_else(String::new, |text| bare(&text));
    match error.kind() {
        ErrorKind::UnknownArgument => UsageFault::Unknown {
            argument: argument(),
            meant: nearest(error, ContextKind::SuggestedArg).map(|text| bare(&text)),
        },
        ErrorKind::InvalidSubcommand => UsageFault::UnknownCommand {
            command: one(ContextKind::InvalidSubcommand).map_or_else(String::new, |t| bare(&t)),
            meant: nearest(error, ContextKind::SuggestedSubcommand),
        },
        ErrorKind::InvalidValue if one(ContextKind::InvalidValue).is_none_or(|v| v.is_empty()) => {
            UsageFault::NoValue(argument())
        }
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues | ErrorKind::NoEquals => {
            UsageFault::NoValue(argument())
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::InvalidUtf8 => {
            UsageFault::BadValue {
                argument: argument(),
                valid: all(error, ContextKind::ValidValue),
            }
        }
        ErrorKind::MissingRequiredArgument => UsageFault::Missing(
            all(error, ContextKind::InvalidArg)
                .iter()
                .map(|name| name.trim_matches(['<', '>']).to_owned())
                .collect(),
        ),
        ErrorKind::ArgumentConflict => UsageFault::Conflict {
            argument: argument(),
            other: one(ContextKind::PriorArg).map_or_else(String::new, |text| bare(&text)),
        },
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            UsageFault::NoCommand
        }
        _ => UsageFault::Other,
    }
}

/// The suggestion nearest to what was typed: the reader puts it last.
fn nearest(error: &clap::Error, kind: ContextKind) -> Option<String> {
    all(error, kind).pop()
}

fn first(value: &ContextValue) -> Option<String> {
    match value {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    }
}

fn all(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// An argument without its value: `--simple <FILE>...` becomes `--simple`, and what follows an
/// equals sign is dropped, for it may be a secret.
fn bare(text: &str) -> String {
    let name = text.split_whitespace().next().unwrap_or(text);
    match name.split_once('=') {
        Some((name, _)) => format!("{name}=***"),
        None => name.to_owned(),
    }
}
