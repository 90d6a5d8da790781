//! Words of refusals and failures.

use super::En;
use crate::text::plural::english;
use crate::text::{Errors, Problem, Said, UsageFault};

impl Errors for En {
    fn problem(&self, problem: &Problem) -> Said {
        match problem {
            Problem::CommandLine { message, help } => {
                Said::new(message.clone()).hint(format!("see `{help} --help`"))
            }
            Problem::NoToken => Said::new("no token is known").hint(
                "give --token or AVTOMATIKA_TOKEN, or run this where `avtomatika up` keeps its avtomatika-data folder",
            ),
            Problem::BadToken => Said::new("the token has characters that a token can't have")
                .hint("check for a line break or a space that was copied along"),
            Problem::TokenOfOtherServer { url, file } => Said::new(format!(
                "no token for {url}: the one in {} belongs to another server and isn't sent there",
                file.display()
            ))
            .hint("give --token or AVTOMATIKA_TOKEN as well"),
            Problem::BadUrl(url) => Said::new(format!("{url} isn't an address of a server"))
                .hint("an address looks like http://localhost:8080"),
            Problem::CaUnusable { file, why } => {
                Said::new(format!("{} can't be used: {why}", file.display()))
                    .hint("it should hold certificates in PEM; ask who runs the server for its CA")
            }
            Problem::NoSystemCas => Said::new("this system knows no certificates to trust")
                .hint("give --ca FILE with the CA of the server, or install ca-certificates"),
            Problem::ClientFileOpen(file) => Said::new(format!(
                "{} holds a token and can be read by others",
                file.display()
            ))
            .hint(format!("chmod 600 {}", file.display())),
            Problem::ClientFileForeign(file) => Said::new(format!(
                "{} belongs to another user and isn't trusted",
                file.display()
            ))
            .hint("give --url and --token, or run this elsewhere"),
            Problem::ClientFileBroken { file, why } => {
                Said::new(format!("{} can't be used: {why}", file.display()))
                    .hint("it should hold the lines url = \"…\" and token = \"…\"")
            }
            Problem::FileUnreadable { file, why } => {
                Said::new(format!("can't read {}: {why}", file.display()))
            }
            Problem::NoFiles(folder) => {
                Said::new(format!("{} holds no files to send", folder.display()))
                    .hint("look at its .botignore")
            }
            Problem::SameName(name) => Said::new(format!("two files would be named {name}"))
                .hint("give the folder that holds both instead of the single files"),
            Problem::NameNotText(file) => {
                Said::new(format!("the name of {} isn't UTF-8 text", file.display()))
            }
            Problem::TooManyFiles { max } => Said::new(format!("more than {max} files"))
                .hint("leave out what the bot doesn't need with a .botignore file"),
            Problem::TooManyBytes { max_bytes } => {
                Said::new(format!("more than {} MB of files", max_bytes / (1024 * 1024)))
                    .hint("leave out what the bot doesn't need with a .botignore file")
            }
            Problem::NoEntrypoint => Said::new("can't tell which file to run")
                .hint("name it with --entrypoint, or call it bot.py or main.py"),
            Problem::EntrypointMissing(name) => {
                Said::new(format!("the file to run, {name}, isn't among the files sent"))
            }
            Problem::RequirementsLine { file, line, option } => Said::new(format!(
                "{}, line {line}: {option} isn't supported",
                file.display()
            ))
            .hint("only package lines and -r FILE are"),
            Problem::ScriptBlock { file, line, why } => Said::new(format!(
                "{}, line {line}: the block that names the packages can't be read: {why}",
                file.display()
            ))
            .hint("it looks like: # /// script, # dependencies = [\"aiogram\"], # ///"),
            Problem::RequirementsLoop(file) => {
                Said::new(format!("{} includes itself or nests too deep", file.display()))
            }
            Problem::EnvName(name) => Said::new(format!("{name} isn't a name of a variable"))
                .hint("letters, digits and _, and not a digit first: -e KEY=VALUE"),
            Problem::EnvMissing(name) => Said::new(format!("{name} isn't set in your environment"))
                .hint(format!("export {name}=…, or give -e {name}=VALUE")),
            Problem::EnvLine { file, line } => {
                Said::new(format!("{}, line {line}: not KEY=VALUE", file.display()))
            }
            Problem::StdinTwice => Said::new("standard input can be used only once"),
            Problem::NotText(what) => Said::new(format!("{what} isn't UTF-8 text")),
            Problem::ModeNotAvailable(option) => {
                Said::new(format!("{option} is not available yet in this version"))
                    .hint("send the code itself: --simple FILE…")
            }
        }
    }

    fn by_code(&self, code: &str) -> Option<Said> {
        let (message, hint) = match code {
            "UNAUTHORIZED" | "INVALID_TOKEN" | "MISSING_TOKEN" => (
                "the server doesn't accept this token",
                "check --token or AVTOMATIKA_TOKEN",
            ),
            "FORBIDDEN" => ("this token may not do that", ""),
            "QUOTA_EXCEEDED" => (
                "you already have as many bots as you may",
                "stop one: avtomatika-bot list, then avtomatika-bot stop BOT",
            ),
            "RATE_LIMITED" | "TOO_MANY_REQUESTS" => {
                ("too many requests", "wait a little and try again")
            }
            "MODE_NOT_AVAILABLE" => (
                "this way of deployment is not available yet",
                "send the code itself: --simple FILE…",
            ),
            "BOT_NOT_FOUND" => ("there is no such bot", "look at avtomatika-bot list"),
            "DEPENDENCIES_FAILED" => (
                "the bot's dependencies could not be installed",
                "check names and versions in the requirements",
            ),
            "START_FAILED" => (
                "the bot did not start",
                "the cause is usually in the last lines",
            ),
            "HEALTH_GATE_FAILED" => (
                "the bot started but did not stay up",
                "the cause is usually in the last lines",
            ),
            "TOKEN_REJECTED" => (
                "Telegram does not accept the bot's token",
                "take a fresh token from @BotFather and pass it with -e BOT_TOKEN",
            ),
            "POLLING_CONFLICT" => (
                "another program polls Telegram with the same bot token",
                "stop the other copy of the bot",
            ),
            "MISSING_PACKAGE" => (
                "a package the bot imports is not installed",
                "add it to requirements.txt or -r",
            ),
            "OUT_OF_MEMORY" => ("the bot ran out of memory", "allow more with --memory"),
            "UPDATE_FAILED" => ("the new version did not start", ""),
            "CONTAINER_ERROR" => (
                "the container engine failed",
                "try again; see the runner's log",
            ),
            _ => return None,
        };
        let said = Said::new(message);
        Some(if hint.is_empty() {
            said
        } else {
            said.hint(hint)
        })
    }

    fn cannot_connect(&self, url: &str) -> Said {
        Said::new(format!("no server answers at {url}"))
            .hint("is it running? `avtomatika up` starts one; --url names another")
    }

    fn not_trusted(&self, url: &str) -> Said {
        Said::new(format!("the certificate of {url} isn't trusted"))
            .hint("if the server has a CA of its own, give it by --ca FILE or AVTOMATIKA_CA")
    }

    fn no_tls(&self, url: &str) -> Said {
        Said::new(format!("what answers at {url} doesn't speak TLS"))
            .hint("try http:// in place of https://")
    }

    fn strange_answer(&self, url: &str, what: &str) -> Said {
        Said::new(format!("the answer from {url} can't be understood: {what}"))
            .hint("is it really an Avtomatika server of a fitting version?")
    }

    fn timed_out(&self, seconds: u64, bot: Option<&str>) -> Said {
        let unit = english(seconds, "second", "seconds");
        let said = Said::new(format!(
            "not finished within {seconds} {unit}; the job goes on"
        ));
        match bot {
            Some(bot) => said.hint(format!("see how it went: avtomatika-bot status {bot}")),
            None => said.hint("wait longer with --timeout"),
        }
    }

    fn interrupted(&self, bot: Option<&str>) -> Said {
        match bot {
            Some(bot) => Said::new("you stopped waiting; the job goes on")
                .hint(format!("see how it went: avtomatika-bot status {bot}")),
            None => Said::new("interrupted"),
        }
    }

    fn bot_not_found(&self, bot: &str) -> Said {
        Said::new(format!("there is no bot {bot}")).hint("look at avtomatika-bot list")
    }

    fn quarantined(&self) -> Said {
        Said::new("the job failed again and again and was set aside")
            .hint("ask the operator of the server to look at the job")
    }

    fn cancelled(&self) -> Said {
        Said::new("the job was cancelled")
    }

    fn failed_silently(&self) -> Said {
        Said::new("the job failed without saying why")
    }

    fn rolled_back(&self, back: bool) -> &'static str {
        if back {
            "the former version runs again"
        } else {
            "the former version does not run: start the bot again"
        }
    }

    fn usage(&self, fault: &UsageFault) -> String {
        match fault {
            UsageFault::Unknown {
                argument,
                meant: Some(meant),
            } => {
                format!("unknown argument {argument}; did you mean {meant}?")
            }
            UsageFault::Unknown {
                argument,
                meant: None,
            } => format!("unknown argument {argument}"),
            UsageFault::UnknownCommand {
                command,
                meant: Some(meant),
            } => {
                format!("unknown command {command}; did you mean {meant}?")
            }
            UsageFault::UnknownCommand {
                command,
                meant: None,
            } => format!("unknown command {command}"),
            UsageFault::BadValue { argument, valid } if valid.is_empty() => {
                format!("the value of {argument} can't be used")
            }
            UsageFault::BadValue { argument, valid } => {
                format!(
                    "the value of {argument} must be one of: {}",
                    valid.join(", ")
                )
            }
            UsageFault::NoValue(argument) => format!("{argument} needs a value"),
            UsageFault::Missing(arguments) => format!("missing: {}", arguments.join(", ")),
            UsageFault::Conflict { argument, other } => {
                format!("{argument} can't be used together with {other}")
            }
            UsageFault::NoCommand => "no command".to_owned(),
            UsageFault::Other => "the command line can't be read".to_owned(),
        }
    }
}
