//! Seed test 1: an unmodified aiogram bot answers in its container.

use std::time::Duration;

use avtomatika_telegram_sim::control::NewMessage;

use super::support::containers::{BotStack, with_bots};
use super::support::stack::Setup;
use super::{BOT, BOT_TOKEN};

/// What the bot says to a person.
pub(crate) async fn ask(bots: &BotStack, text: &str) -> String {
    let message = NewMessage::text(text).by(77, "Анна");
    let time = Duration::from_secs(30);
    let answers = bots.sim.ask(BOT, &message, time).await.unwrap();
    let texts = answers.into_iter().filter_map(|answer| answer.text);
    texts.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unmodified_aiogram_bot_answers() {
    with_bots(Setup::default(), |bots| async move {
        let file = bots.example("echo_bot.py");
        let start = ["start", "my-bot", "--simple", &file, "-e", BOT_TOKEN];
        let ran = bots.bot(&start).await.ok();
        println!("{}", ran.stdout);
        let answer = ask(&bots, "/start").await;
        assert!(answer.starts_with("👋 Привет, Анна!"), "{answer}");
        assert!(answer.contains("Я Echo-бот."), "{answer}");
        let answer = ask(&bots, "/ping").await;
        assert!(answer.starts_with("🏓 pong, "), "{answer}");
        assert_eq!(ask(&bots, "Раз, два, три").await, "Раз, два, три");

        // A folder of several files, in the same way.
        let folder = bots.example("multi_file");
        let other = "BOT_TOKEN=654321:TEST-TOKEN";
        let start = ["start", "files", "--simple", &folder, "-e", other];
        bots.bot(&start).await.ok();
        let logs = bots.bot(&["logs", "files"]).await.ok();
        assert!(
            logs.stdout.contains("Starting multi-file bot..."),
            "{logs:?}"
        );
        for bot in ["my-bot", "files"] {
            bots.bot(&["stop", bot]).await.ok();
        }
        assert_eq!(bots.running_things(), Vec::<String>::new());
    })
    .await;
}
