//! Help texts.

use super::En;
use crate::text::{Help, HelpTopic};

impl Help for En {
    fn help(&self, topic: HelpTopic) -> &'static str {
        match topic {
            HelpTopic::About => "Run your Telegram bots on an Avtomatika server",
            HelpTopic::Url => "Address of the server [env: AVTOMATIKA_URL]",
            HelpTopic::Token => {
                "Your token [env: AVTOMATIKA_TOKEN]; without it the file written by `avtomatika up` is used"
            }
            HelpTopic::Ca => {
                "Certificates that may vouch for an https server, instead of the system's [env: AVTOMATIKA_CA]"
            }
            HelpTopic::Verbose => "Show requests and answers (secrets masked) on stderr",
            HelpTopic::Lang => "Language of the output: en or ru [default: from LC_ALL or LANG]",
            HelpTopic::Json => "Print one JSON document instead of text",
            HelpTopic::NoWait => "Return as soon as the server has accepted the job",
            HelpTopic::Timeout => "Stop waiting after this many seconds [default: 300]",
            HelpTopic::NoColor => "No colours [env: NO_COLOR]",
            HelpTopic::HelpFlag => "Print help",
            HelpTopic::VersionFlag => "Print the version",
            HelpTopic::HelpCommand => "Print help for a command",
            HelpTopic::Start => "Start a bot",
            HelpTopic::Update => {
                "Replace a bot's code; the old version returns if the new one fails"
            }
            HelpTopic::List => "List your bots",
            HelpTopic::Status => "Show how a bot is doing",
            HelpTopic::Logs => "Show what a bot has written",
            HelpTopic::Stop => "Stop a bot",
            HelpTopic::Restart => "Restart a bot",
            HelpTopic::Completion => "Print a completion script for your shell",
            HelpTopic::Doctor => "Check settings, server, token and bot runner",
            HelpTopic::BotId => "Name of the bot: letters, digits, - and _ (64 at most)",
            HelpTopic::Simple => "Files and folders with the bot's code",
            HelpTopic::Inline => "Take the code from --code",
            HelpTopic::Code => "The code itself, or - to read it from standard input",
            HelpTopic::Custom => "A folder with a Dockerfile (not available yet)",
            HelpTopic::Git => "A git repository (not available yet)",
            HelpTopic::Image => "A ready container image (not available yet)",
            HelpTopic::Entrypoint => {
                "The file to run [default: the only file, else bot.py or main.py]"
            }
            HelpTopic::Requirements => {
                "A requirements file or a comma-separated list [default: requirements.txt beside the code]"
            }
            HelpTopic::Env => {
                "A variable: KEY=VALUE, KEY (from your environment), KEY=@file, KEY=- (standard input); @@ for a literal @"
            }
            HelpTopic::EnvFile => "A file of KEY=VALUE lines",
            HelpTopic::Memory => "Memory limit in MB",
            HelpTopic::Cpus => "Processor limit in cores, e.g. 0.5",
            HelpTopic::Ready => "The bot counts as running once a line of its output matches",
            HelpTopic::Lines => "How many of the last lines",
            HelpTopic::Follow => "Go on showing new lines until Ctrl-C",
            HelpTopic::Timestamps => "Put the time before each line",
            HelpTopic::Shell => "bash, zsh, fish, elvish or powershell",
            HelpTopic::UsageHeading => "Usage:",
            HelpTopic::CommandsHeading => "Commands",
            HelpTopic::ArgumentsHeading => "Arguments",
            HelpTopic::OptionsHeading => "Options",
            HelpTopic::GlobalHeading => "Global options",
        }
    }
}
