//! The libraries people really use, unmodified, from the package index.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use avtomatika_telegram_sim::control::{Answer, Injected, NewCallback, NewMessage};

use crate::{
    python::PythonBot,
    support::{BOT, Running, TOKEN, start},
};

const AIOGRAM: (&str, &[&str]) = ("venv-aiogram", &["aiogram>=3,<4"]);
const PTB: (&str, &[&str]) = ("venv-python-telegram-bot", &["python-telegram-bot>=21,<23"]);
const TELEBOT: (&str, &[&str]) = ("venv-telebot", &["pyTelegramBotAPI>=4,<5"]);
/// Importing a library takes seconds on a busy machine.
const START: Duration = Duration::from_secs(90);
const ANSWER: Duration = Duration::from_secs(20);

async fn polling(sim: &Running, library: (&str, &[&str]), script: &str) -> PythonBot {
    let bot = PythonBot::start(library.0, library.1, script, &[&sim.url, TOKEN]);
    let polled = sim.client.wait_first_poll(BOT, START).await.unwrap();
    assert!(polled.is_some(), "never polled: {}", bot.log());
    bot
}

/// What Anna hears when she says something: so many answers.
async fn ask(sim: &Running, bot: &PythonBot, text: &str, count: usize) -> Vec<String> {
    let injected = sim
        .client
        .inject(BOT, &NewMessage::text(text).by(5, "Anna"))
        .await
        .unwrap();
    let answers = hear(sim, bot, &injected, count).await;
    answers
        .into_iter()
        .map(|answer| answer.text.unwrap_or(answer.method))
        .collect()
}

async fn hear(sim: &Running, bot: &PythonBot, injected: &Injected, count: usize) -> Vec<Answer> {
    let deadline = Instant::now() + ANSWER;
    loop {
        let answers = sim.client.answers_to(BOT, injected, ANSWER).await.unwrap();
        if answers.len() >= count {
            return answers;
        }
        assert!(Instant::now() < deadline, "only {answers:?}: {}", bot.log());
    }
}

#[tokio::test]
async fn aiogram_polling_bot_answers_and_stops() {
    let sim = start().await;
    let mut bot = polling(&sim, AIOGRAM, "aiogram_bot.py").await;
    assert_eq!(ask(&sim, &bot, "/start", 1).await, ["Hello, Anna!"]);
    assert_eq!(ask(&sim, &bot, "/ping", 1).await, ["pong"]);
    assert_eq!(ask(&sim, &bot, "привет <b>", 1).await, ["echo: привет <b>"]);
    assert_eq!(
        ask(&sim, &bot, "/info", 1).await,
        ["sim123456_bot Anna member - 1"]
    );
    assert_eq!(
        ask(&sim, &bot, "/files", 4).await,
        ["doc", "sendPhoto", "sendSticker", "content"]
    );

    assert_eq!(ask(&sim, &bot, "/menu", 1).await, ["0"]);
    let from = NewMessage::text("").by(5, "Anna").from;
    let press = NewCallback {
        from,
        data: "count".into(),
        ..NewCallback::default()
    };
    let pressed = sim.client.press(BOT, &press).await.unwrap();
    let answers = hear(&sim, &bot, &pressed, 3).await;
    let methods: Vec<_> = answers
        .iter()
        .map(|answer| answer.method.as_str())
        .collect();
    assert_eq!(
        methods,
        ["answerCallbackQuery", "editMessageText", "deleteMessage"]
    );

    let status = bot.stop();
    assert_eq!(status.code(), Some(0), "{}", bot.log());
    sim.until_pollers(0).await;
    let info = sim.client.bot(BOT).await.unwrap().unwrap();
    assert_eq!((info.pollers_max, info.conflicts), (1, 0));
    let summary = sim.client.ledger(BOT).await.unwrap().summary;
    assert_eq!(
        (summary.injected, summary.lost, summary.filtered),
        (7, 0, 0)
    );
    assert!(!bot.log().contains("Traceback"), "{}", bot.log());
}

#[tokio::test]
async fn aiogram_bot_killed_and_replaced_loses_nothing() {
    let sim = start().await;
    let mut first = polling(&sim, AIOGRAM, "aiogram_bot.py").await;
    assert_eq!(ask(&sim, &first, "one", 1).await, ["echo: one"]);
    first.kill();
    // Written while no instance runs.
    let late = sim
        .client
        .inject(BOT, &NewMessage::text("two").by(5, "Anna"))
        .await
        .unwrap();
    let second = PythonBot::start(AIOGRAM.0, AIOGRAM.1, "aiogram_bot.py", &[&sim.url, TOKEN]);
    let answers = sim.client.answers_to(BOT, &late, START).await.unwrap();
    let last = answers.last().and_then(|answer| answer.text.as_deref());
    assert_eq!(last, Some("echo: two"), "{}", second.log());
    let info = sim.client.bot(BOT).await.unwrap().unwrap();
    assert_eq!((info.pollers_max, info.conflicts), (1, 0));
    assert_eq!(sim.client.ledger(BOT).await.unwrap().summary.lost, 0);
}

#[tokio::test]
async fn aiogram_webhook_bot_answers() {
    let sim = start().await;
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
        .to_string();
    let args = [sim.url.as_str(), TOKEN, &port];
    let bot = PythonBot::start(AIOGRAM.0, AIOGRAM.1, "aiogram_webhook.py", &args);
    let injected = sim
        .client
        .inject(TOKEN, &NewMessage::text("hi").by(5, "Anna"))
        .await
        .unwrap();
    let answers = sim.client.answers_to(BOT, &injected, START).await.unwrap();
    assert_eq!(answers.len(), 1, "{}", bot.log());
    assert_eq!(answers[0].text.as_deref(), Some("hook: hi"));
    let summary = sim.client.ledger(BOT).await.unwrap().summary;
    assert_eq!((summary.confirmed, summary.duplicates), (1, 0));
}

#[tokio::test]
async fn python_telegram_bot_answers() {
    let sim = start().await;
    let mut bot = polling(&sim, PTB, "ptb_bot.py").await;
    assert_eq!(ask(&sim, &bot, "/start", 1).await, ["Hello, Anna!"]);
    assert_eq!(ask(&sim, &bot, "/document", 1).await, ["sendDocument"]);
    assert_eq!(ask(&sim, &bot, "hi", 1).await, ["echo: hi"]);
    assert!(!bot.log().contains("Traceback"), "{}", bot.log());
    // Its farewell poll repeats the last offset; the rule against busy loops may hold that one
    // longer than the library waits, which it reports and survives.
    assert_eq!(bot.stop().code(), Some(0), "{}", bot.log());
}

#[tokio::test]
async fn pytelegrambotapi_answers() {
    let sim = start().await;
    let bot = polling(&sim, TELEBOT, "telebot_bot.py").await;
    assert_eq!(ask(&sim, &bot, "/start", 1).await, ["Hello, Anna!"]);
    assert_eq!(
        ask(&sim, &bot, "/document", 2).await,
        ["sendDocument", "content"]
    );
    assert_eq!(ask(&sim, &bot, "hi", 1).await, ["echo: hi"]);
    assert!(!bot.log().contains("Traceback"), "{}", bot.log());
}
