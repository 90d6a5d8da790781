//! The definition of the command line, with help in the person's language.

use std::path::PathBuf;

use clap::builder::{EnumValueParser, OsStringValueParser, PathBufValueParser};
use clap::{Arg, ArgAction, ArgGroup, Command, value_parser};
use clap_complete::Shell;

use crate::text::{HelpTopic, Text};

/// Builds the command line's definition.
pub fn define(text: Text) -> Command {
    let topics = [
        deploy("start", HelpTopic::Start, text),
        deploy("update", HelpTopic::Update, text),
        plain("list", HelpTopic::List, text),
        plain("status", HelpTopic::Status, text).arg(bot_id(text)),
        logs(text),
        plain("stop", HelpTopic::Stop, text)
            .arg(bot_id(text))
            .arg(no_wait(text)),
        plain("restart", HelpTopic::Restart, text)
            .arg(bot_id(text))
            .arg(no_wait(text)),
        plain("doctor", HelpTopic::Doctor, text),
        plain("completion", HelpTopic::Completion, text).arg(
            Arg::new("shell")
                .value_name("SHELL")
                .required(true)
                .value_parser(EnumValueParser::<Shell>::new())
                .hide_possible_values(true)
                .help(text.help(HelpTopic::Shell))
                .help_heading(text.help(HelpTopic::ArgumentsHeading)),
        ),
    ];
    plain("avtomatika-bot", HelpTopic::About, text)
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .subcommand_required(true)
        .max_term_width(100)
        .disable_help_subcommand(true)
        .subcommand_help_heading(text.help(HelpTopic::CommandsHeading))
        .subcommand_value_name("COMMAND")
        .subcommands(topics)
        .args(globals(text))
        .arg(
            Arg::new("version")
                .short('V')
                .long("version")
                .action(ArgAction::Version)
                .help(text.help(HelpTopic::VersionFlag))
                .help_heading(text.help(HelpTopic::GlobalHeading)),
        )
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .global(true)
                .action(ArgAction::Help)
                .help(text.help(HelpTopic::HelpFlag))
                .help_heading(text.help(HelpTopic::GlobalHeading)),
        )
}

/// A command with our layout of help: the built-in one has English headings in it.
fn plain(name: &'static str, about: HelpTopic, text: Text) -> Command {
    let usage = text.help(HelpTopic::UsageHeading);
    Command::new(name)
        .about(text.help(about))
        .disable_help_flag(true)
        .help_template(format!("{{about}}\n\n{usage} {{usage}}\n\n{{all-args}}"))
}

fn option(name: &'static str, topic: HelpTopic, text: Text) -> Arg {
    Arg::new(name)
        .long(name)
        .help(text.help(topic))
        .help_heading(text.help(HelpTopic::OptionsHeading))
}

fn flag(name: &'static str, topic: HelpTopic, text: Text) -> Arg {
    option(name, topic, text).action(ArgAction::SetTrue)
}

fn globals(text: Text) -> Vec<Arg> {
    let heading = text.help(HelpTopic::GlobalHeading);
    [
        option("url", HelpTopic::Url, text).value_name("URL"),
        option("token", HelpTopic::Token, text).value_name("TOKEN"),
        option("ca", HelpTopic::Ca, text)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf)),
        option("lang", HelpTopic::Lang, text)
            .value_name("LANG")
            .value_parser(["en", "ru"])
            .hide_possible_values(true),
        option("timeout", HelpTopic::Timeout, text)
            .value_name("SECONDS")
            .value_parser(value_parser!(u64).range(1..=86_400)),
        flag("json", HelpTopic::Json, text),
        flag("no-color", HelpTopic::NoColor, text),
        flag("verbose", HelpTopic::Verbose, text).short('v'),
    ]
    .into_iter()
    .map(|arg| arg.global(true).help_heading(heading))
    .collect()
}

fn bot_id(text: Text) -> Arg {
    Arg::new("bot_id")
        .value_name("BOT_ID")
        .required(true)
        .help(text.help(HelpTopic::BotId))
        .help_heading(text.help(HelpTopic::ArgumentsHeading))
}

fn no_wait(text: Text) -> Arg {
    flag("no-wait", HelpTopic::NoWait, text)
}

fn logs(text: Text) -> Command {
    plain("logs", HelpTopic::Logs, text)
        .arg(bot_id(text))
        .arg(
            option("lines", HelpTopic::Lines, text)
                .short('n')
                .value_name("N")
                .default_value("100")
                .hide_default_value(true)
                .value_parser(value_parser!(u32).range(0..=10_000)),
        )
        .arg(flag("follow", HelpTopic::Follow, text).short('f'))
        .arg(flag("timestamps", HelpTopic::Timestamps, text).short('t'))
}

fn deploy(name: &'static str, about: HelpTopic, text: Text) -> Command {
    let hidden = |name: &'static str| Arg::new(name).long(name).hide(true);
    plain(name, about, text)
        .arg(bot_id(text))
        .arg(
            option("simple", HelpTopic::Simple, text)
                .value_name("FILE")
                .num_args(1..)
                .value_parser(PathBufValueParser::new()),
        )
        .arg(flag("inline", HelpTopic::Inline, text).requires("code"))
        .arg(
            option("code", HelpTopic::Code, text)
                .value_name("TEXT")
                .allow_hyphen_values(true)
                .conflicts_with_all(["simple", "custom", "git", "image"]),
        )
        .arg(option("custom", HelpTopic::Custom, text).value_name("PATH"))
        .arg(option("git", HelpTopic::Git, text).value_name("URL"))
        .arg(option("image", HelpTopic::Image, text).value_name("IMAGE"))
        // Options of the ways that aren't there yet: known, so that the refusal names the way.
        .args([
            hidden("branch"),
            hidden("registry-user"),
            hidden("registry-pass"),
        ])
        .group(
            ArgGroup::new("source")
                .args(["simple", "inline", "custom", "git", "image"])
                .multiple(false),
        )
        .arg(option("entrypoint", HelpTopic::Entrypoint, text).value_name("FILE"))
        .arg(
            option("requirements", HelpTopic::Requirements, text)
                .short('r')
                .value_name("FILE|LIST")
                .value_parser(OsStringValueParser::new()),
        )
        .arg(
            option("env", HelpTopic::Env, text)
                .short('e')
                .value_name("KEY=VALUE")
                .action(ArgAction::Append),
        )
        .arg(
            option("env-file", HelpTopic::EnvFile, text)
                .value_name("FILE")
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            option("memory", HelpTopic::Memory, text)
                .value_name("MB")
                .value_parser(value_parser!(u64).range(1..)),
        )
        .arg(
            option("cpus", HelpTopic::Cpus, text)
                .value_name("CORES")
                .value_parser(value_parser!(f64)),
        )
        .arg(option("ready", HelpTopic::Ready, text).value_name("REGEX"))
        .arg(no_wait(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Language;

    #[test]
    fn the_definition_is_sound_in_both_languages() {
        define(Language::En.text()).debug_assert();
        define(Language::Ru.text()).debug_assert();
    }
}
