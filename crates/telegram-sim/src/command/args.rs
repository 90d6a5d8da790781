//! Arguments of the sub-command.

use std::{net::SocketAddr, time::Duration};

use crate::{Language, SimClient, SimOptions};

/// Run a local Telegram Bot API server, or talk to one that runs.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do; without it, serve.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// Settings of the server, when no action is named.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// What the sub-command can do.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Run the server until Ctrl-C.
    Serve(ServeArgs),
    /// Chat with a bot in the terminal.
    Chat(ChatArgs),
    /// Send one message, wait for the answers and print them.
    Send(SendArgs),
    /// Show what became of each update of a bot.
    Ledger(BotArgs),
    /// List the bots.
    Bots(RemoteArgs),
}

/// Settings of the server.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8081")]
    pub listen: SocketAddr,
    /// Token of a bot to know from the start; may be repeated
    #[arg(long = "token", value_name = "TOKEN")]
    pub tokens: Vec<String>,
    /// Answer 401 to every token not given with --token
    #[arg(long)]
    pub strict_tokens: bool,
    /// Answer `true` to methods the simulator does not know, instead of 404
    #[arg(long)]
    pub lenient: bool,
    /// Bearer token to demand on the control side
    #[arg(
        long,
        value_name = "SECRET",
        env = "TELEGRAM_SIM_CONTROL_TOKEN",
        hide_env_values = true
    )]
    pub control_token: Option<String>,
    /// Deliver webhooks to any address, not only to this machine
    #[arg(long)]
    pub webhooks_anywhere: bool,
}

impl ServeArgs {
    /// The same as options of the library.
    #[must_use]
    pub fn options(&self) -> SimOptions {
        SimOptions {
            listen: self.listen,
            tokens: self.tokens.clone(),
            strict_tokens: self.strict_tokens,
            strict_methods: !self.lenient,
            control_token: self.control_token.clone(),
            webhooks_anywhere: self.webhooks_anywhere,
            ..SimOptions::default()
        }
    }
}

/// Where the server is.
#[derive(Clone, Debug, clap::Args)]
pub struct RemoteArgs {
    /// Base URL of the simulator
    #[arg(
        long,
        default_value = "http://127.0.0.1:8081",
        env = "TELEGRAM_SIM_URL"
    )]
    pub url: String,
    /// Bearer token of its control side
    #[arg(
        long,
        value_name = "SECRET",
        env = "TELEGRAM_SIM_CONTROL_TOKEN",
        hide_env_values = true
    )]
    pub control_token: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Language of messages: en or ru
    #[arg(
        long,
        env = "LANG",
        hide_env = true,
        default_value = "en",
        hide_default_value = true
    )]
    pub lang: Language,
}

impl RemoteArgs {
    /// A client of that server.
    #[must_use]
    pub fn client(&self) -> SimClient {
        SimClient::new(&self.url).with_control_token(self.control_token.clone())
    }
}

/// Which bot.
#[derive(Clone, Debug, clap::Args)]
pub struct BotArgs {
    /// Numeric id or whole token of the bot
    #[arg(long)]
    pub bot: String,
    /// Where the server is.
    #[command(flatten)]
    pub remote: RemoteArgs,
}

/// A chat.
#[derive(Clone, Debug, clap::Args)]
pub struct ChatArgs {
    /// Which bot.
    #[command(flatten)]
    pub bot: BotArgs,
    /// Your name
    #[arg(long, default_value = "User")]
    pub user: String,
    /// Your numeric id: the id of the chat
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(i64).range(1..))]
    pub user_id: i64,
}

/// One message.
#[derive(Clone, Debug, clap::Args)]
pub struct SendArgs {
    /// Who writes to whom.
    #[command(flatten)]
    pub chat: ChatArgs,
    /// How long to wait for the first answer, such as 5s or 500ms
    #[arg(long, default_value = "5s", value_parser = parse_duration)]
    pub wait: Duration,
    /// Text of the message
    pub text: String,
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time: write 5s, 500ms or 2m");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let ms = match unit {
        "ms" => 1,
        "s" | "" => 1_000,
        "m" => 60_000,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_millis(number.saturating_mul(ms)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::{CommandFactory as _, Parser};

    use super::{Action, Args, parse_duration};

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn serves_by_default() {
        Program::command().debug_assert();
        let args = Program::parse_from(["sim", "--listen", "127.0.0.1:0"]).args;
        assert!(args.action.is_none());
        assert_eq!(args.serve.listen.port(), 0);
        let args =
            Program::parse_from(["sim", "send", "--bot", "1", "--wait", "2s", "/start"]).args;
        let Some(Action::Send(send)) = args.action else {
            panic!("not send")
        };
        assert_eq!(
            (send.text.as_str(), send.wait),
            ("/start", Duration::from_secs(2))
        );
    }

    #[test]
    fn reads_durations() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("5"), Ok(Duration::from_secs(5)));
        for wrong in ["", "s", "5h", "-1s", "1.5s"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }
}
