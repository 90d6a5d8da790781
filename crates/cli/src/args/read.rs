//! From the words of the command line to an [`Invocation`].

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;
use clap::error::ErrorKind;
use clap_complete::Shell;

use super::{Command, Deploy, Global, Invocation, Logs, Source, define, fault};
use crate::text::{Language, Problem, Text};

/// What became of a command line.
#[derive(Debug)]
pub enum Parsed {
    /// Something to do.
    Invocation(Box<Invocation>),
    /// A text that was asked for: help or the version.
    Print(String),
}

/// Reads the command line.
///
/// # Errors
/// A [`Problem::CommandLine`] or [`Problem::ModeNotAvailable`], in the language of `text`.
pub fn read(arguments: &[OsString], text: Text) -> Result<Parsed, Problem> {
    let matches = match define(text).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            return Ok(Parsed::Print(error.render().to_string()));
        }
        Err(error) => return Err(fault::problem(&error, arguments, text)),
    };
    let Some((name, sub)) = matches.subcommand() else {
        return Err(fault::no_command(text));
    };
    let command = match name {
        "start" => Command::Start(Box::new(deploy(name, sub, text)?)),
        "update" => Command::Update(Box::new(deploy(name, sub, text)?)),
        "list" => Command::List,
        "status" => Command::Status(bot_id(sub)),
        "logs" => Command::Logs(Logs {
            bot_id: bot_id(sub),
            lines: sub.get_one("lines").copied().unwrap_or(100),
            follow: sub.get_flag("follow"),
            timestamps: sub.get_flag("timestamps"),
        }),
        "stop" => Command::Stop(bot_id(sub)),
        "restart" => Command::Restart(bot_id(sub)),
        "completion" => match sub.get_one::<Shell>("shell") {
            Some(shell) => Command::Completion(*shell),
            None => return Err(fault::no_command(text)),
        },
        "doctor" => Command::Doctor,
        _ => return Err(fault::no_command(text)),
    };
    // Global options are propagated to the subcommand's matches, wherever they stood.
    Ok(Parsed::Invocation(Box::new(Invocation {
        global: global(sub),
        command,
    })))
}

fn global(matches: &ArgMatches) -> Global {
    let words = |name: &str| matches.get_one::<String>(name).cloned();
    Global {
        url: words("url"),
        token: words("token"),
        ca: matches.get_one("ca").cloned(),
        verbose: matches.get_flag("verbose"),
        language: words("lang").and_then(|name| Language::parse(&name)),
        json: matches.get_flag("json"),
        no_color: matches.get_flag("no-color"),
        timeout_s: matches.get_one("timeout").copied(),
        no_wait: matches
            .try_get_one::<bool>("no-wait")
            .ok()
            .flatten()
            .copied()
            .unwrap_or(false),
    }
}

fn bot_id(matches: &ArgMatches) -> String {
    matches
        .get_one::<String>("bot_id")
        .cloned()
        .unwrap_or_default()
}

fn deploy(name: &str, matches: &ArgMatches, text: Text) -> Result<Deploy, Problem> {
    for (option, shown) in [
        ("custom", "--custom"),
        ("git", "--git"),
        ("image", "--image"),
    ] {
        if matches.contains_id(option) {
            return with_source(matches, Source::NotYet(shown));
        }
    }
    let source = if let Some(files) = matches.get_many::<PathBuf>("simple") {
        Source::Files(files.cloned().collect())
    } else {
        match matches.get_one::<String>("code").map(String::as_str) {
            Some("-") => Source::InlineFromStdin,
            Some(code) => Source::Inline(code.to_owned()),
            None => return Err(fault::no_source(name, text)),
        }
    };
    with_source(matches, source)
}

fn with_source(matches: &ArgMatches, source: Source) -> Result<Deploy, Problem> {
    let words = |name: &str| matches.get_one::<String>(name).cloned();
    let many = |name: &str| -> Vec<String> {
        matches
            .get_many::<String>(name)
            .map(|all| all.cloned().collect())
            .unwrap_or_default()
    };
    Ok(Deploy {
        bot_id: bot_id(matches),
        source,
        entrypoint: words("entrypoint"),
        requirements: matches.get_one::<OsString>("requirements").cloned(),
        env: many("env"),
        env_files: matches
            .get_many::<PathBuf>("env-file")
            .map(|all| all.cloned().collect())
            .unwrap_or_default(),
        memory_mb: matches.get_one("memory").copied(),
        cpu_cores: matches.get_one("cpus").copied(),
        ready: words("ready"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Parsed, Problem> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        read(&words, Language::En.text())
    }

    fn invocation(line: &str) -> Invocation {
        match parse(line).unwrap() {
            Parsed::Invocation(invocation) => *invocation,
            Parsed::Print(text) => panic!("printed {text}"),
        }
    }

    fn message(line: &str) -> String {
        match parse(line) {
            Err(Problem::CommandLine { message, .. }) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn global_options_stand_before_and_after_the_command() {
        for line in [
            "avtomatika-bot --url http://a --token t --json -v --timeout 5 list",
            "avtomatika-bot list --url http://a --token t --json -v --timeout 5",
            "avtomatika-bot --url http://a --json list --token t -v --timeout 5",
        ] {
            let global = invocation(line).global;
            assert_eq!(global.url.as_deref(), Some("http://a"), "{line}");
            assert_eq!(global.token.as_deref(), Some("t"), "{line}");
            assert!(global.json && global.verbose, "{line}");
            assert_eq!(global.timeout_s, Some(5), "{line}");
        }
    }

    #[test]
    fn a_start_keeps_all_it_was_told() {
        let Command::Start(deploy) = invocation(
            "avtomatika-bot start b --simple a.py lib --entrypoint a.py -r aiogram -e A=1 -e B --env-file .env",
        )
        .command
        else {
            panic!("not a start")
        };
        assert!(matches!(&deploy.source, Source::Files(files) if files.len() == 2));
        assert_eq!(deploy.env, ["A=1", "B"]);
        assert_eq!(deploy.env_files, [PathBuf::from(".env")]);
    }

    #[test]
    fn inline_needs_no_file_and_takes_code_from_stdin() {
        let source = |line| match invocation(line).command {
            Command::Start(deploy) => deploy.source,
            other => panic!("{other:?}"),
        };
        assert!(matches!(
            source("avtomatika-bot start b --inline --code print(1)"),
            Source::Inline(_)
        ));
        assert!(matches!(
            source("avtomatika-bot start b --inline --code -"),
            Source::InlineFromStdin
        ));
    }

    #[test]
    fn faults_are_told_in_our_words() {
        assert_eq!(message("avtomatika-bot start"), "missing: BOT_ID");
        assert_eq!(
            message("avtomatika-bot start b"),
            "missing: --simple FILE… | --inline --code TEXT"
        );
        assert_eq!(message("avtomatika-bot"), "no command");
        assert_eq!(
            message("avtomatika-bot lst"),
            "unknown command lst; did you mean list?"
        );
        assert_eq!(
            message("avtomatika-bot list --jsn"),
            "unknown argument --jsn; did you mean --json?"
        );
        assert_eq!(
            message("avtomatika-bot start b --simple a --git u"),
            "--simple can't be used together with --git"
        );
        assert_eq!(
            message("avtomatika-bot list --timeout"),
            "--timeout needs a value"
        );
        assert_eq!(
            message("avtomatika-bot list --lang de"),
            "the value of --lang must be one of: en, ru"
        );
        assert_eq!(
            message("avtomatika-bot list --timeout never"),
            "the value of --timeout can't be used"
        );
    }

    #[test]
    fn a_value_that_may_be_a_secret_is_not_repeated() {
        let text = message("avtomatika-bot start b --simple a.py --envv=TOKEN=hush-hush");
        assert!(!text.contains("hush"), "{text}");
        let text = message("avtomatika-bot list TOKEN=hush-hush");
        assert!(!text.contains("hush"), "{text}");
    }
}
