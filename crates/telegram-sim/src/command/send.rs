//! `telegram-sim send`.

use std::process::ExitCode;

use super::{args::SendArgs, run::person};
use crate::{chat::Transcript, control::NewMessage};

#[expect(
    clippy::print_stdout,
    reason = "the answers are the output of this command"
)]
#[expect(
    clippy::print_stderr,
    reason = "silence of the bot is told to the person"
)]
pub(super) async fn send(args: SendArgs) -> anyhow::Result<ExitCode> {
    let from = person(&args.chat);
    let bot = args.chat.bot;
    let client = bot.remote.client();
    let new = NewMessage {
        from,
        text: args.text,
        ..NewMessage::default()
    };
    let answers = client.ask(&bot.bot, &new, args.wait).await?;
    if bot.remote.json {
        println!("{}", serde_json::to_string_pretty(&answers)?);
    } else {
        let info = client.bot(&bot.bot).await?;
        let name = info.map_or_else(|| "bot".to_owned(), |info| info.first_name);
        let transcript = Transcript::new(&name, bot.remote.lang);
        for answer in &answers {
            print!("{}", transcript.answer(answer).0);
        }
    }
    if !answers.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let seconds = args.wait.as_secs_f32();
    let (start, end) = (
        bot.remote.lang.pick("no answer within", "нет ответа за"),
        bot.remote.lang.pick(
            "s: is the bot running? `bots` shows its last poll",
            "с: запущен ли бот? его последний опрос показывает `bots`",
        ),
    );
    eprintln!("{start} {seconds} {end}");
    Ok(ExitCode::FAILURE)
}
