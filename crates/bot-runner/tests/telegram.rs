//! Unmodified bots of the three usual libraries, redirected to `telegram-sim`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    dead_code,
    reason = "tests may panic"
)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use avtomatika_bot_runner::{RunnerOptions, StartRequest};
use avtomatika_protocol::bot::BotState;
use avtomatika_telegram_sim::control::NewMessage;
use avtomatika_telegram_sim::{Sim, SimClient, SimOptions};
use serde_json::json;
use support::{bot, code, details, request_with, with_bench};
use tokio_util::sync::CancellationToken;

const TOKEN: &str = "123456:TEST-TOKEN";
const ECHO: &str = include_str!("../../../examples/bots/echo_bot.py");

/// A simulator on all addresses of this machine, as bots need it.
async fn sim() -> (SimClient, u16, CancellationToken) {
    let listen = SocketAddr::from(([0, 0, 0, 0], 0));
    let sim = Sim::bind(SimOptions {
        listen,
        ..SimOptions::default()
    })
    .await
    .unwrap();
    let port = sim.local_addr().port();
    let stop = CancellationToken::new();
    // The runtime of the test ends it, if the token doesn't.
    drop(tokio::spawn(sim.run(stop.clone())));
    (
        SimClient::new(format!("http://127.0.0.1:{port}")),
        port,
        stop,
    )
}

fn redirected(port: u16) -> impl FnOnce(&mut RunnerOptions) {
    move |options| {
        options.telegram_api_url = Some(format!("http://127.0.0.1:{port}"));
        options.gate.deadline = Duration::from_secs(90);
    }
}

fn request(name: &str, code: &str, requirement: &str) -> StartRequest {
    request_with(
        name,
        &json!({"code": code, "requirements": [requirement], "env_vars": {"BOT_TOKEN": TOKEN}}),
    )
}

async fn answers(sim: &SimClient, text: &str) -> String {
    let message = NewMessage {
        text: text.to_owned(),
        ..NewMessage::default()
    };
    let answers = sim
        .ask("123456", &message, Duration::from_secs(20))
        .await
        .unwrap();
    format!("{answers:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aiogram_example_answers_and_an_update_loses_nothing() {
    let (sim, port, stop) = sim().await;
    with_bench(redirected(port), move |bench| async move {
        let started = bench
            .start(&request("echo", ECHO, "aiogram>=3,<4"))
            .await
            .unwrap();
        println!("aiogram: {:?}", started.timings_ms);
        assert!(answers(&sim, "/start").await.contains("Echo"));
        assert!(answers(&sim, "/ping").await.contains("pong"));
        assert!(answers(&sim, "слово").await.contains("слово"));

        let writing = Arc::new(AtomicBool::new(true));
        let writer = {
            let (sim, writing) = (sim.clone(), Arc::clone(&writing));
            tokio::spawn(async move {
                let mut sent = 0;
                while writing.load(Ordering::Relaxed) {
                    sim.send_text("123456", &format!("message {sent}"))
                        .await
                        .unwrap();
                    sent += 1;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                sent
            })
        };
        let mut update = request("echo", &format!("{ECHO}\n# v2\n"), "aiogram>=3,<4");
        update.spec_version = json!(2);
        let token = CancellationToken::new();
        let updated = bench
            .runner
            .update(&update, true, &(), &token)
            .await
            .unwrap();
        println!(
            "update: gap {} ms, {:?}",
            updated.gap_ms, updated.timings_ms
        );

        // And a broken one, while people go on writing.
        let broken = request(
            "echo",
            "import aiogram\nraise SystemExit(5)",
            "aiogram>=3,<4",
        );
        let failure = bench
            .runner
            .update(&broken, true, &(), &token)
            .await
            .unwrap_err();
        assert_eq!(details(&failure)["rolled_back"], true);
        bench
            .until(60, "the old version polls again", || async {
                let before = sim.bot("123456").await.unwrap().unwrap().polls;
                tokio::time::sleep(Duration::from_millis(500)).await;
                sim.bot("123456").await.unwrap().unwrap().polls > before
            })
            .await;
        writing.store(false, Ordering::Relaxed);
        let sent = writer.await.unwrap();
        bench
            .until(60, "everything is confirmed", || async {
                sim.ledger("123456").await.unwrap().summary.pending == 0
            })
            .await;
        let ledger = sim.ledger("123456").await.unwrap().summary;
        let info = sim.bot("123456").await.unwrap().unwrap();
        println!(
            "{sent} messages during two updates: {ledger:?}, pollers {} conflicts {}",
            info.pollers_max, info.conflicts
        );
        assert_eq!((ledger.lost, info.pollers_max, info.conflicts), (0, 1, 0));
        assert_eq!(bench.state(&bot("echo")).await, BotState::Running);
    })
    .await;
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn python_telegram_bot_and_telebot_are_redirected_too() {
    const PTB: &str = r#"
import os
from telegram.ext import Application, MessageHandler, filters
async def echo(update, context):
    await update.message.reply_text("ptb " + update.message.text)
app = Application.builder().token(os.environ["BOT_TOKEN"]).build()
app.add_handler(MessageHandler(filters.TEXT, echo))
app.run_polling()
"#;
    const TELEBOT: &str = r#"
import os, telebot
bot = telebot.TeleBot(os.environ["BOT_TOKEN"])
@bot.message_handler(func=lambda message: True)
def echo(message):
    bot.reply_to(message, "telebot " + message.text)
bot.infinity_polling(timeout=5)
"#;
    let (sim, port, stop) = sim().await;
    with_bench(redirected(port), move |bench| async move {
        for (name, code, requirement) in [
            ("ptb", PTB, "python-telegram-bot"),
            ("telebot", TELEBOT, "pyTelegramBotAPI"),
        ] {
            let started = bench
                .start(&request(name, code, requirement))
                .await
                .unwrap();
            println!("{name}: {:?}", started.timings_ms);
            let said = answers(&sim, "hello").await;
            assert!(said.contains(&format!("{name} hello")), "{said}");
            bench.runner.stop(&bot(name)).await.unwrap();
        }
    })
    .await;
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tokens_and_bots_that_never_poll_are_refused() {
    let listen = SocketAddr::from(([0, 0, 0, 0], 0));
    let options = SimOptions {
        listen,
        strict_tokens: true,
        ..SimOptions::default()
    };
    let sim = Sim::bind(options).await.unwrap();
    let port = sim.local_addr().port();
    let stop = CancellationToken::new();
    drop(tokio::spawn(sim.run(stop.clone())));
    with_bench(
        move |options| {
            redirected(port)(options);
            options.gate.deadline = Duration::from_secs(20);
        },
        |bench| async move {
            let failure = bench
                .start(&request("echo", ECHO, "aiogram>=3,<4"))
                .await
                .unwrap_err();
            println!("{}", serde_json::to_string(&failure).unwrap());
            assert_eq!(code(&failure), "TOKEN_REJECTED");
            assert!(!support::log_tail(&failure).contains(TOKEN));
            let idle = request_with(
                "idle",
                &json!({"code": support::IDLE, "env_vars": {"BOT_TOKEN": TOKEN}}),
            );
            let failure = bench.start(&idle).await.unwrap_err();
            assert_eq!(details(&failure)["reason"], "NOT_POLLING");
            let left = bench.things().await;
            assert!(left.iter().all(|it| it.ends_with("-build")), "{left:?}");
        },
    )
    .await;
    stop.cancel();
}
